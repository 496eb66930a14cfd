(module
  (type $t (func (param i32) (result i32)))
  (table 4 funcref)
  (func (param i32 i32) (result i32)
    (call_indirect (type $t) (local.get 0) (local.get 1))))

;; ; function 0
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;     v4 = uextend.i64 v2
;;     v5 = load.i64 notrap aligned readonly can_move v0+56
;;     v6 = load.i64 notrap aligned region1 v5+8
;;     v7 = icmp uge v4, v6
;;     trapnz v7, user5
;;     v8 = load.i64 notrap aligned readonly can_move v0+56
;;     v9 = load.i64 notrap aligned region1 v8
;;     v10 = iconst.i64 3
;;     v11 = ishl v4, v10  ; v10 = 3
;;     v12 = iadd v9, v11
;;     v13 = load.i64 notrap aligned region2 v12
;;     v14 = load.i32 user6 aligned readonly v13+16
;;     v15 = load.i64 notrap aligned readonly can_move v0+32
;;     v16 = load.i32 notrap aligned readonly can_move v15
;;     v17 = icmp eq v14, v16
;;     trapz v17, user7
;;     v18 = load.i64 notrap aligned readonly v13
;;     v19 = load.i64 notrap aligned readonly v13+8
;;     v21 = icmp eq v19, v0
;;     brif v21, block3(v0), block2
;;
;;                                 block2 cold:
;;     v22 = load.i64 notrap aligned region1 v0+8
;;     store.i64 notrap aligned region1 v0, v22+24
;;     jump block3(v19)
;;
;;                                 block3(v20: i64):
;;     v23 = load.i64 notrap aligned region1 v18
;;     v24 = call_indirect sig0, v23(v20, v1)
;;     jump block1(v24)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }
