lazaret_fuzz(job_frame SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/job_frame_fuzz.cc LINK lazaret_process)
