lazaret_fuzz(cbor_event SOURCE ${CMAKE_CURRENT_SOURCE_DIR}/cbor_event_fuzz.cc LINK lazaret_db_audit)
