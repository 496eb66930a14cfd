//! A module that does nothing but import one function: its artifact has the trampolines of that function's type.

use gantry_module::{FuncType, ValType};

fn push_len(out: &mut Vec<u8>, mut len: usize) {
    while len >= 0x80 {
        out.push(len as u8 | 0x80);
        len >>= 7;
    }
    out.push(len as u8);
}

fn push_type(out: &mut Vec<u8>, ty: ValType) {
    match ty {
        ValType::I32 => out.push(0x7f),
        ValType::I64 => out.push(0x7e),
        ValType::F32 => out.push(0x7d),
        ValType::F64 => out.push(0x7c),
        ValType::V128 => out.push(0x7b),
        // What code between conventions does with a reference does not depend on what it refers to.
        ValType::Ref(_) => out.push(0x6f),
    }
}

/// The binary of `(module (import "" "" (func (type ty))))`, with `externref` for all references.
pub fn host_function_module(ty: &FuncType) -> Vec<u8> {
    let mut types = vec![1, 0x60];
    for list in [&ty.params, &ty.results] {
        push_len(&mut types, list.len());
        list.iter().for_each(|ty| push_type(&mut types, *ty));
    }
    let mut module = b"\0asm\x01\0\0\0\x01".to_vec();
    push_len(&mut module, types.len());
    module.extend_from_slice(&types);
    module.extend_from_slice(&[2, 5, 1, 0, 0, 0, 0]);
    module
}
