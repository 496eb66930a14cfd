(module
  (type $t (func (param i32) (result i32)))
  (import "m" "f" (func $f (type $t)))
  (table 1 funcref)
  (func $direct (type $t)
    local.get 0
    return_call $direct)
  (func $imported (type $t)
    local.get 0
    return_call $f)
  (func $indirect (type $t)
    local.get 0
    i32.const 0
    return_call_indirect (type $t)))

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;                                     jump block1
;;
;;                                 block1:
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     jump block1
;;
;;                                 block2(v2: i32):
;;     trap user1
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
;;                                     jump block1
;;
;;                                 block1:
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     v7 = load.i64 notrap aligned readonly can_move v0+8
;;     store.i64 notrap aligned region1 v0, v7+24
;;     v8 = load.i64 notrap aligned readonly can_move v0+56
;;     v9 = load.i64 notrap aligned readonly can_move v0+64
;;     v10 = load.i64 notrap aligned region1 v8
;;     return_call_indirect sig0, v10(v9, v1)
;;
;;                                 block2(v2: i32):
;;     trap user1
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     v7 = uextend.i64 v3  ; v3 = 0
;;     v8 = load.i64 notrap aligned readonly can_move v0+80
;;     v9 = load.i64 notrap aligned region1 v8+8
;;     v10 = icmp uge v7, v9
;;     trapnz v10, user5
;;     v11 = load.i64 notrap aligned readonly can_move v0+80
;;     v12 = load.i64 notrap aligned region1 v11
;;     v13 = iconst.i64 3
;;     v14 = ishl v7, v13  ; v13 = 3
;;     v15 = iadd v12, v14
;;     v16 = load.i64 notrap aligned region2 v15
;;     v17 = load.i32 user6 aligned readonly v16+16
;;     v18 = load.i64 notrap aligned readonly can_move v0+32
;;     v19 = load.i32 notrap aligned readonly can_move v18
;;     v20 = icmp eq v17, v19
;;     trapz v20, user7
;;     v21 = load.i64 notrap aligned readonly v16
;;     v22 = load.i64 notrap aligned readonly v16+8
;;     v24 = icmp eq v22, v0
;;     brif v24, block3(v0), block2
;;
;;                                 block2 cold:
;;     v25 = load.i64 notrap aligned region1 v0+8
;;     store.i64 notrap aligned region1 v0, v25+24
;;     jump block3(v22)
;;
;;                                 block3(v23: i64):
;;     v26 = load.i64 notrap aligned region1 v21
;;     return_call_indirect sig0, v26(v23, v1)
;;
;;                                 block1(v2: i32):
;;     trap user1
;; }
