lazaret_fuzz(mime SOURCE mime_fuzz.cc LINK lazaret_mail_reader)
lazaret_fuzz(filetype SOURCE filetype_fuzz.cc LINK lazaret_mail_filetype)
lazaret_fuzz(html_text SOURCE html_text_fuzz.cc LINK lazaret_mail_text)
lazaret_fuzz(rtf_text SOURCE rtf_text_fuzz.cc LINK lazaret_mail_text)
