;;! quick
(module
  (func $callee (param i32) (result i32)
    local.get 0)
  (func (param i32) (result i32)
    local.get 0
    call $callee)
  (func (param i32) (result i32)
    local.get 0
    return_call $callee))

;; ; function 0
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     jump block1(v1)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = load.i64 notrap aligned readonly can_move v0+24
;;     v4 = load.i64 notrap aligned region1 v3
;;     v5 = call_indirect sig0, v4(v0, v1)
;;     jump block1(v5)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = load.i64 notrap aligned readonly can_move v0+8
;;     v4 = load.i64 notrap aligned readonly can_move v3+8
;;     v5 = atomic_load.i32 user11 aligned v4
;;     v6 = load.i64 notrap aligned readonly can_move v0+24
;;     v7 = load.i64 notrap aligned region1 v6
;;     return_call_indirect sig0, v7(v0, v1)
;;
;;                                 block1(v2: i32):
;;     trap user1
;; }
