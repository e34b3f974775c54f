lazaret_fuzz(yaml SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/yaml_fuzz.cc LINK lazaret_base_yaml)
