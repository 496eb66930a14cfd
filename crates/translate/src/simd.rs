impl crate::translator::FuncTranslator<'_> { pub(crate) fn simd_operator(&mut self, _: &wasmparser::Operator<'_>) -> bool { false } }
