;;! checked
(module
  (memory 1)
  (func (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  (func (param i32 f64) (f64.store offset=4294967295 (local.get 0) (local.get 1)))
  ;; Growth moves the memory: base and length are read again.
  (func (param i32) (result i32)
    (i32.store (local.get 0) (i32.const 1))
    (drop (memory.grow (i32.const 1)))
    (i32.load (local.get 0))))

;; ; function 0
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0+72
;;     v5 = load.i64 notrap aligned region1 v4
;;     v6 = load.i64 notrap aligned readonly can_move v0+72
;;     v7 = load.i64 notrap aligned region1 v6+8
;;     v8 = iconst.i64 12
;;     v9 = iadd v3, v8  ; v8 = 12
;;     v10 = icmp ugt v9, v7
;;     trapnz v10, heap_oob
;;     v11 = iadd v5, v3
;;     v12 = load.i32 little region3 v11+8
;;     jump block1(v12)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32, f64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: f64):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0+72
;;     v5 = load.i64 notrap aligned region1 v4
;;     v6 = load.i64 notrap aligned readonly can_move v0+72
;;     v7 = load.i64 notrap aligned region1 v6+8
;;     v8 = iconst.i64 0x0001_0000_0007
;;     v9 = iadd v3, v8  ; v8 = 0x0001_0000_0007
;;     v10 = icmp ugt v9, v7
;;     trapnz v10, heap_oob
;;     v11 = iadd v5, v3
;;     v12 = iconst.i64 0xffff_ffff
;;     v13 = iadd v11, v12  ; v12 = 0xffff_ffff
;;     store little region3 v2, v13
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i64) -> i64 system_v
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 1
;;     v4 = uextend.i64 v1
;;     v5 = load.i64 notrap aligned readonly can_move v0+72
;;     v6 = load.i64 notrap aligned region1 v5
;;     v7 = load.i64 notrap aligned readonly can_move v0+72
;;     v8 = load.i64 notrap aligned region1 v7+8
;;     v9 = iconst.i64 4
;;     v10 = iadd v4, v9  ; v9 = 4
;;     v11 = icmp ugt v10, v8
;;     trapnz v11, heap_oob
;;     v12 = iadd v6, v4
;;     store little region3 v3, v12  ; v3 = 1
;;     v13 = iconst.i32 1
;;     v14 = uextend.i64 v13  ; v13 = 1
;;     v15 = iconst.i32 0
;;     v16 = load.i64 notrap aligned readonly can_move v0+16
;;     v17 = load.i64 notrap aligned readonly can_move v16+8
;;     v18 = call_indirect sig0, v17(v0, v15, v14)  ; v15 = 0
;;     v19 = ireduce.i32 v18
;;     v20 = uextend.i64 v1
;;     v21 = load.i64 notrap aligned readonly can_move v0+72
;;     v22 = load.i64 notrap aligned region1 v21
;;     v23 = load.i64 notrap aligned readonly can_move v0+72
;;     v24 = load.i64 notrap aligned region1 v23+8
;;     v25 = iconst.i64 4
;;     v26 = iadd v20, v25  ; v25 = 4
;;     v27 = icmp ugt v26, v24
;;     trapnz v27, heap_oob
;;     v28 = iadd v22, v20
;;     v29 = load.i32 little region3 v28
;;     jump block1(v29)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
