lazaret_fuzz(result_frame SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/result_frame_fuzz.cc LINK lazaret_policy)
lazaret_fuzz(facts_frame SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/facts_frame_fuzz.cc LINK lazaret_policy)
lazaret_fuzz(config SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/config_fuzz.cc LINK lazaret_config)
lazaret_fuzz(policy_file SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/policy_file_fuzz.cc LINK lazaret_config)
