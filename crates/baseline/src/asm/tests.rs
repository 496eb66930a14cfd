//! What is assembled against an independent disassembler.

use iced_x86::{Decoder, DecoderOptions, Formatter, IntelFormatter};

use super::*;

fn text(build: impl FnOnce(&mut Assembler)) -> String {
    let mut asm = Assembler::default();
    build(&mut asm);
    let code = asm.finish().to_vec();
    let mut formatter = IntelFormatter::new();
    formatter.options_mut().set_space_after_operand_separator(true);
    let mut lines = Vec::new();
    for instruction in Decoder::with_ip(64, &code, 0, DecoderOptions::NONE) {
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        lines.push(line);
    }
    lines.join("; ")
}

/// Bases and indices with and without the bits that need prefixes or a byte of their own.
fn addresses() -> Vec<(Mem, String)> {
    const NAMES: [&str; 16] =
        ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
    let disps: [(i32, &str); 5] =
        [(0, ""), (8, "+8"), (-8, "-8"), (0x1234_5678, "+12345678h"), (-0x1234_5678, "-12345678h")];
    let mut all = Vec::new();
    for base in 0..16 {
        for (disp, text) in disps {
            all.push((Mem::new(Gpr(base), disp), format!("[{}{text}]", NAMES[base as usize])));
            for (index, scale) in [(0, 0), (1, 3), (5, 2), (9, 1), (12, 3), (13, 0)] {
                let scaled = ["", "*2", "*4", "*8"][scale as usize];
                let name = format!("[{}+{}{scaled}{text}]", NAMES[base as usize], NAMES[index as usize]);
                all.push((Mem::indexed(Gpr(base), Gpr(index), scale, disp), name));
            }
        }
    }
    all
}

#[test]
fn addresses_are_what_they_say() {
    for (mem, expected) in addresses() {
        for reg in [Gpr::RAX, Gpr::RBP, Gpr::R8, Gpr::R13] {
            let wide = text(|a| a.mov(true, reg, mem));
            assert!(wide.starts_with("mov ") && wide.ends_with(&expected), "{wide}, not {expected}");
        }
        assert_eq!(text(|a| a.store8(mem, Gpr::RSI)), format!("mov {expected}, sil"));
        assert_eq!(text(|a| a.load_scalar(true, Xmm(9), mem)), format!("movsd xmm9, {expected}"));
    }
}

#[test]
fn integer_instructions() {
    let at = Mem::new(Gpr::RBP, -16);
    type Case = (fn(&mut Assembler, Mem), &'static str);
    let cases: [Case; 48] = [
        (|a, _| a.mov(false, Gpr::RSI, Gpr::RDI), "mov esi, edi"),
        (|a, _| a.mov(true, Gpr::R11, Gpr::RAX), "mov r11, rax"),
        (|a, m| a.store(true, m, Gpr::R9), "mov [rbp-10h], r9"),
        (|a, m| a.store16(m, Gpr::RBX), "mov [rbp-10h], bx"),
        (|a, m| a.store16(m, Gpr::R12), "mov [rbp-10h], r12w"),
        (|a, m| a.store_imm(true, m, -2), "mov qword ptr [rbp-10h], 0FFFFFFFFFFFFFFFEh"),
        (|a, m| a.store8_imm(m, -1), "mov byte ptr [rbp-10h], 0FFh"),
        (|a, m| a.store16_imm(m, 0x1_2345), "mov word ptr [rbp-10h], 2345h"),
        (|a, _| a.mov_imm(Gpr::R8, 1), "mov r8d, 1"),
        (|a, _| a.mov_imm(Gpr::RAX, -1), "mov rax, 0FFFFFFFFFFFFFFFFh"),
        (|a, _| a.mov_imm(Gpr::R15, 0x1234_5678_9abc), "mov r15, 123456789ABCh"),
        (|a, _| a.movzx8(Gpr::RAX, Gpr::RDI), "movzx eax, dil"),
        (|a, _| a.movzx16(Gpr::R9, Gpr::RDI), "movzx r9d, di"),
        (|a, _| a.movsx8(true, Gpr::RAX, Gpr::RSP), "movsx rax, spl"),
        (|a, m| a.movsx16(false, Gpr::RAX, m), "movsx eax, word ptr [rbp-10h]"),
        (|a, _| a.movsx32(Gpr::RAX, Gpr::R8), "movsxd rax, r8d"),
        (|a, m| a.lea(false, Gpr::R10, m), "lea r10d, [rbp-10h]"),
        (|a, _| a.alu(Alu::Add, true, Gpr::RAX, Gpr::R9), "add rax, r9"),
        (|a, m| a.alu(Alu::Cmp, false, Gpr::R9, m), "cmp r9d, [rbp-10h]"),
        (|a, _| a.alu_imm(Alu::And, true, Gpr::R12, 0x7f), "and r12, 7Fh"),
        (|a, m| a.alu_imm(Alu::Sub, false, m, 0x80), "sub dword ptr [rbp-10h], 80h"),
        (|a, _| a.alu_imm(Alu::Xor, true, Gpr::RCX, -0x1000), "xor rcx, 0FFFFFFFFFFFFF000h"),
        (|a, _| a.test(true, Gpr::RDX, Gpr::R8), "test rdx, r8"),
        (|a, _| a.imul(false, Gpr::R8, Gpr::RCX), "imul r8d, ecx"),
        (|a, m| a.imul_imm(true, Gpr::RAX, m, 10), "imul rax, [rbp-10h], 0Ah"),
        (|a, _| a.imul_imm(false, Gpr::RAX, Gpr::R9, 1000), "imul eax, r9d, 3E8h"),
        (|a, _| a.unary(Unary::Idiv, true, Gpr::R9), "idiv r9"),
        (|a, _| a.unary(Unary::Div, false, Gpr::RCX), "div ecx"),
        (|a, _| a.sign_to_rdx(true), "cqo"),
        (|a, _| a.sign_to_rdx(false), "cdq"),
        (|a, _| a.shift_imm(Shift::RightSigned, true, Gpr::R8, 63), "sar r8, 3Fh"),
        (|a, _| a.shift_cl(Shift::RotateLeft, false, Gpr::RSI), "rol esi, cl"),
        (|a, m| a.shift_by(Shift::Left, true, Gpr::R8, m, Gpr::R12), "shlx r8, [rbp-10h], r12"),
        (|a, _| a.shift_by(Shift::RightSigned, false, Gpr::RAX, Gpr::R9, Gpr::RCX), "sarx eax, r9d, ecx"),
        (|a, _| a.bits(op_0f(0xf3, 0xb8), true, Gpr::RAX, Gpr::R9), "popcnt rax, r9"),
        (|a, _| a.set(Cc::Above, Gpr::RSI), "seta sil"),
        (|a, _| a.cmov(Cc::LessEqual, true, Gpr::R8, Gpr::RAX), "cmovle r8, rax"),
        (|a, m| a.call(m), "call qword ptr [rbp-10h]"),
        (|a, _| a.jmp_to(Gpr::R11), "jmp r11"),
        (|a, _| a.ret(32), "ret 20h"),
        (|a, _| a.push(Gpr::RBP), "push rbp"),
        (|a, _| a.rep_stosq(), "rep stosq [rdi]"),
        (|a, _| a.test_imm(false, Gpr::R11, 7), "test r11d, 7"),
        (|a, m| a.xchg(1, m, Gpr::RSI), "xchg [rbp-10h], sil"),
        (|a, m| a.xchg(2, m, Gpr::R8), "xchg [rbp-10h], r8w"),
        (|a, m| a.lock_xadd(8, m, Gpr::RCX), "lock xadd [rbp-10h], rcx"),
        (|a, m| a.lock_cmpxchg(4, m, Gpr::R11), "lock cmpxchg [rbp-10h], r11d"),
        (|a, _| a.neg(true, Gpr::R8), "neg r8"),
    ];
    for (build, expected) in cases {
        assert_eq!(text(|a| build(a, at)), expected);
    }
}

#[test]
fn float_instructions() {
    let at = Mem::indexed(Gpr::R15, Gpr::RCX, 0, 4);
    type Case = (fn(&mut Assembler, Mem), &'static str);
    let cases: [Case; 14] = [
        (|a, _| a.movaps(Xmm(8), Xmm(1)), "movaps xmm8, xmm1"),
        (|a, m| a.store_scalar(false, m, Xmm(15)), "movss [r15+rcx+4], xmm15"),
        (|a, m| a.load_vector(Xmm(2), m), "movups xmm2, [r15+rcx+4]"),
        (|a, m| a.store_vector(m, Xmm(9)), "movups [r15+rcx+4], xmm9"),
        (|a, _| a.zero_xmm(Xmm(3)), "xorps xmm3, xmm3"),
        (|a, _| a.compare_scalar(true, Xmm(1), Xmm(9)), "ucomisd xmm1, xmm9"),
        (|a, _| a.compare_scalar(false, Xmm(1), Xmm(9)), "ucomiss xmm1, xmm9"),
        (|a, _| a.sse(scalar(true, 0x58), Xmm(1), Xmm(2)), "addsd xmm1, xmm2"),
        (|a, _| a.sse(packed(false, 0x54), Xmm(1), Xmm(2)), "andps xmm1, xmm2"),
        (|a, _| a.sse_imm(op_0f3a(0x66, 0x0b), Xmm(1), Xmm(2), 9), "roundsd xmm1, xmm2, 9"),
        (|a, _| a.mov_to_xmm(true, Xmm(10), Gpr::R9), "movq xmm10, r9"),
        (|a, _| a.mov_from_xmm(false, Gpr::RAX, Xmm(10)), "movd eax, xmm10"),
        (|a, _| a.sse_gpr(scalar(true, 0x2a), true, Xmm(1), Gpr::R9), "cvtsi2sd xmm1, r9"),
        (|a, _| a.gpr_from_sse(scalar(false, 0x2c), true, Gpr::R9, Xmm(1)), "cvttss2si r9, xmm1"),
    ];
    for (build, expected) in cases {
        assert_eq!(text(|a| build(a, at)), expected);
    }
}

#[test]
fn labels_and_constants() {
    let code = text(|a| {
        let (end, start) = (a.label(), a.here());
        a.jcc(Cc::NotEqual, end);
        a.jmp(start);
        a.bind(end);
        let constant = a.constant(&7u64.to_le_bytes());
        a.load_scalar(true, Xmm(0), constant);
        assert_eq!(a.constant(&7u64.to_le_bytes()), constant);
        a.ret(0);
    });
    assert!(code.starts_with("jne 000000000000000Bh; jmp 0; movsd xmm0, [20h]; ret"), "{code}");
}

#[test]
fn jump_tables_are_relative_to_themselves() {
    let mut asm = Assembler::default();
    let [table, target] = [(); 2].map(|()| asm.label());
    asm.lea_label(Gpr::R11, table);
    asm.bind(target);
    asm.ud2();
    asm.jump_table(table, [target, table].into_iter());
    let code = asm.finish();
    let table_at = code.len() - 8;
    let entry = |at: usize| i32::from_le_bytes(code[at..at + 4].try_into().unwrap());
    assert_eq!((table_at % 4, entry(table_at), entry(table_at + 4)), (0, 7 - table_at as i32, 0));
    assert_eq!(entry(3), table_at as i32 - 7);
}
