//! Code between conventions, one for each signature.
//!
//! Arguments and results cross in an array of [`VALUE_SIZE`]-byte slots, scalars in the lowest bytes of theirs.

use std::mem::offset_of;

use cranelift_codegen::ir::{self, AbiParam, InstBuilder, MemFlagsData, Signature, StackSlotData, StackSlotKind};
use cranelift_codegen::ir::{Type, Value, types};
use cranelift_codegen::isa::{CallConv, TargetIsa};
use cranelift_codegen::settings::StackSwitchModel;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use gantry_abi::Libcall;
use gantry_abi::vmctx::{VALUE_SIZE, VMContextHeader, VMFiber, VMHostContext, VMStoreContext};
use gantry_module::{FuncType, ValType};

use crate::env::{POINTER, clif_type, libcall_signature, wasm_signature};

fn slot_flags() -> MemFlagsData {
    MemFlagsData::trusted()
}

fn load_values(b: &mut FunctionBuilder<'_>, types: &[ValType], array: Value) -> Vec<Value> {
    let load = |(i, ty): (usize, &ValType)| b.ins().load(clif_type(*ty), slot_flags(), array, (i * VALUE_SIZE) as i32);
    types.iter().enumerate().map(load).collect()
}

fn store_values(b: &mut FunctionBuilder<'_>, values: &[Value], array: Value) {
    for (i, value) in values.iter().enumerate() {
        b.ins().store(slot_flags(), *value, array, (i * VALUE_SIZE) as i32);
    }
}

fn start<'f>(func: &'f mut ir::Function, context: &'f mut FunctionBuilderContext) -> (FunctionBuilder<'f>, Vec<Value>) {
    let mut b = FunctionBuilder::new(func, context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    b.seal_block(entry);
    let params = b.block_params(entry).to_vec();
    (b, params)
}

/// Host to wasm: `extern "C" fn(vmctx, code, values)` calls `code` with arguments from `values` and leaves the
/// results there.
pub fn entry(func: &mut ir::Function, context: &mut FunctionBuilderContext, ty: &FuncType, isa: &dyn TargetIsa) {
    func.signature = Signature::new(isa.default_call_conv());
    func.signature.params = vec![AbiParam::new(POINTER); 3];
    let (mut b, params) = start(func, context);
    let [vmctx, code, values] = params[..] else { unreachable!("three parameters were declared") };
    let mut args = vec![vmctx];
    args.extend(load_values(&mut b, &ty.params, values));
    let signature = b.import_signature(wasm_signature(ty));
    let call = b.ins().call_indirect(signature, code, &args);
    let results = b.inst_results(call).to_vec();
    store_values(&mut b, &results, values);
    b.ins().return_(&[]);
    b.finalize(isa.frontend_config());
}

/// Wasm to host: a wasm function that hands its arguments to the host and returns what that leaves, or leaves wasm when
/// it fails. See [`VMHostContext`] for the two ways.
pub fn host(func: &mut ir::Function, context: &mut FunctionBuilderContext, ty: &FuncType, isa: &dyn TargetIsa) {
    func.signature = wasm_signature(ty);
    let (mut b, params) = start(func, context);
    let (host, args) = (params[0], &params[1..]);
    let store = header(&mut b, host, offset_of!(VMContextHeader, store), POINTER);
    let fp = b.ins().get_frame_pointer(POINTER);
    b.ins().store(slot_flags(), fp, store, offset_of!(VMStoreContext, exit_fp) as i32);
    let elsewhere = b.ins().load(POINTER, slot_flags().with_readonly(), host, offset_of!(VMHostContext, values) as i32);
    let [suspend, call, leave] = [(); 3].map(|()| b.create_block());
    b.set_cold_block(leave);
    b.ins().brif(elsewhere, suspend, &[], call, &[]);

    b.switch_to_block(suspend);
    store_values(&mut b, args, elsewhere);
    let failed = if isa.flags().stack_switch_model() == StackSwitchModel::None {
        call_host(&mut b, host, elsewhere, isa.default_call_conv())
    } else {
        switch_stacks(&mut b, host, store)
    };
    return_unless_failed(&mut b, ty, failed, elsewhere, leave);

    b.switch_to_block(call);
    let size = (ty.params.len().max(ty.results.len()).max(1) * VALUE_SIZE) as u32;
    let slot = b.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4));
    let values = b.ins().stack_addr(POINTER, slot, 0);
    store_values(&mut b, args, values);
    let failed = call_host(&mut b, host, values, isa.default_call_conv());
    return_unless_failed(&mut b, ty, failed, values, leave);

    b.switch_to_block(leave);
    let libcalls = header(&mut b, host, offset_of!(VMContextHeader, libcalls), POINTER);
    let raise = b.ins().load(POINTER, slot_flags(), libcalls, Libcall::Raise as i32 * 8);
    let signature = b.import_signature(libcall_signature(Libcall::Raise, isa.default_call_conv()));
    b.ins().call_indirect(signature, raise, &[host]);
    b.ins().trap(ir::TrapCode::unwrap_user(gantry_abi::TrapCode::Unreachable as u8));
    b.seal_all_blocks();
    b.finalize(isa.frontend_config());
}

fn header(b: &mut FunctionBuilder<'_>, host: Value, offset: usize, ty: Type) -> Value {
    b.ins().load(ty, slot_flags().with_readonly(), host, offset as i32)
}

fn call_host(b: &mut FunctionBuilder<'_>, host: Value, values: Value, host_call_conv: CallConv) -> Value {
    let callee = header(b, host, offset_of!(VMHostContext, call), POINTER);
    let mut signature = Signature::new(host_call_conv);
    signature.params = vec![AbiParam::new(POINTER); 2];
    signature.returns = vec![AbiParam::new(types::I32)];
    let signature = b.import_signature(signature);
    let call = b.ins().call_indirect(signature, callee, &[host, values]);
    b.inst_results(call)[0]
}

/// Suspends the fiber without any call: each return behind a switch of stacks is mispredicted.
fn switch_stacks(b: &mut FunctionBuilder<'_>, host: Value, store: Value) -> Value {
    let fiber = b.ins().load(POINTER, slot_flags(), store, offset_of!(VMStoreContext, fiber) as i32);
    let own = b.ins().iadd_imm_s(fiber, offset_of!(VMFiber, own) as i64);
    let parent = b.ins().iadd_imm_s(fiber, offset_of!(VMFiber, parent) as i64);
    b.ins().stack_switch(own, parent, host)
}

fn return_unless_failed(b: &mut FunctionBuilder<'_>, ty: &FuncType, failed: Value, values: Value, leave: ir::Block) {
    let go_on = b.create_block();
    b.ins().brif(failed, leave, &[], go_on, &[]);
    b.switch_to_block(go_on);
    let results = load_values(b, &ty.results, values);
    b.ins().return_(&results);
}
