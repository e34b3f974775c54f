lazaret_fuzz(rule_text SOURCE rule_text_fuzz.cc LINK lazaret_rules)
lazaret_fuzz(rule_eval SOURCE rule_eval_fuzz.cc LINK lazaret_rules)
lazaret_fuzz(detectors SOURCE detectors_fuzz.cc LINK lazaret_rules)
