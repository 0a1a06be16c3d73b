# cmake -DINPUT=file -DOUTPUT=file.cpp -DNAME=kName -P text_source.cmake: a C++ source whose hobd::kName is the text of INPUT.
file(READ "${INPUT}" text)
if(text MATCHES "\\)hob_text\"")
  message(FATAL_ERROR "${INPUT}: holds )hob_text\", which ends the literal it is put into")
endif()
file(WRITE "${OUTPUT}" "#include <string_view>\nnamespace hobd {\nextern const std::string_view ${NAME};\nconst std::string_view ${NAME} = R\"hob_text(${text})hob_text\";\n}  // namespace hobd\n")
