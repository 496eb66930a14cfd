impl crate::translator::FuncTranslator<'_> { pub(crate) fn simd_memory_operator(&mut self, _: &wasmparser::Operator<'_>) -> bool { false } }
