(module
  (memory 1 1 shared)
  (func (param i32) (result i32) (i32.atomic.load (local.get 0)))
  (func (param i32 i64) (i64.atomic.store32 offset=8 (local.get 0) (local.get 1)))
  (func (param i32 i32) (result i32) (i32.atomic.rmw8.add_u (local.get 0) (local.get 1)))
  (func (param i32 i64 i64) (result i64) (i64.atomic.rmw.cmpxchg (local.get 0) (local.get 1) (local.get 2)))
  (func (param i32) (result i32) (memory.atomic.wait32 (local.get 0) (i32.const 1) (i64.const -1)))
  (func (param i32) (result i32) (memory.atomic.notify (local.get 0) (i32.const 1)))
  (func (atomic.fence)))

;; ; function 0
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     v4 = iadd v1, v3  ; v3 = 0
;;     v5 = iconst.i32 3
;;     v6 = band v4, v5  ; v5 = 3
;;     trapnz v6, user20
;;     v7 = uextend.i64 v1
;;     v8 = load.i64 notrap aligned readonly can_move v0+72
;;     v9 = load.i64 notrap aligned region1 v8
;;     v10 = load.i64 notrap aligned readonly can_move v0+72
;;     v11 = load.i64 notrap aligned region1 v10+8
;;     v12 = iconst.i64 4
;;     v13 = iadd v7, v12  ; v12 = 4
;;     v14 = icmp ugt v13, v11
;;     trapnz v14, heap_oob
;;     v15 = iadd v9, v7
;;     v16 = iconst.i64 0
;;     v17 = iadd v15, v16  ; v16 = 0
;;     v18 = atomic_load.i32 little region3 v17
;;     jump block1(v18)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i64):
;;     v3 = ireduce.i32 v2
;;     v4 = iconst.i32 0
;;     v5 = iadd v1, v4  ; v4 = 0
;;     v6 = iconst.i32 3
;;     v7 = band v5, v6  ; v6 = 3
;;     trapnz v7, user20
;;     v8 = uextend.i64 v1
;;     v9 = load.i64 notrap aligned readonly can_move v0+72
;;     v10 = load.i64 notrap aligned region1 v9
;;     v11 = load.i64 notrap aligned readonly can_move v0+72
;;     v12 = load.i64 notrap aligned region1 v11+8
;;     v13 = iconst.i64 12
;;     v14 = iadd v8, v13  ; v13 = 12
;;     v15 = icmp ugt v14, v12
;;     trapnz v15, heap_oob
;;     v16 = iadd v10, v8
;;     v17 = iconst.i64 8
;;     v18 = iadd v16, v17  ; v17 = 8
;;     v19 = atomic_rmw.i32 xchg v18, v3
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;     v4 = ireduce.i8 v2
;;     v5 = uextend.i64 v1
;;     v6 = load.i64 notrap aligned readonly can_move v0+72
;;     v7 = load.i64 notrap aligned region1 v6
;;     v8 = load.i64 notrap aligned readonly can_move v0+72
;;     v9 = load.i64 notrap aligned region1 v8+8
;;     v10 = iconst.i64 1
;;     v11 = iadd v5, v10  ; v10 = 1
;;     v12 = icmp ugt v11, v9
;;     trapnz v12, heap_oob
;;     v13 = iadd v7, v5
;;     v14 = iconst.i64 0
;;     v15 = iadd v13, v14  ; v14 = 0
;;     v16 = atomic_rmw.i8 add v15, v4
;;     v17 = uextend.i32 v16
;;     jump block1(v17)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i32, i64, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i64, v3: i64):
;;     v5 = iconst.i32 0
;;     v6 = iadd v1, v5  ; v5 = 0
;;     v7 = iconst.i32 7
;;     v8 = band v6, v7  ; v7 = 7
;;     trapnz v8, user20
;;     v9 = uextend.i64 v1
;;     v10 = load.i64 notrap aligned readonly can_move v0+72
;;     v11 = load.i64 notrap aligned region1 v10
;;     v12 = load.i64 notrap aligned readonly can_move v0+72
;;     v13 = load.i64 notrap aligned region1 v12+8
;;     v14 = iconst.i64 8
;;     v15 = iadd v9, v14  ; v14 = 8
;;     v16 = icmp ugt v15, v13
;;     trapnz v16, heap_oob
;;     v17 = iadd v11, v9
;;     v18 = iconst.i64 0
;;     v19 = iadd v17, v18  ; v18 = 0
;;     v20 = atomic_cas v19, v2, v3
;;     jump block1(v20)
;;
;;                                 block1(v4: i64):
;;     return v4
;; }

;; ; function 4
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i64, i32, i64) -> i32 system_v
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 1
;;     v4 = iconst.i64 -1
;;     v5 = uextend.i64 v1
;;     v6 = iconst.i32 0
;;     v7 = iadd v1, v6  ; v6 = 0
;;     v8 = iconst.i32 3
;;     v9 = band v7, v8  ; v8 = 3
;;     trapnz v9, user20
;;     v10 = uextend.i64 v1
;;     v11 = load.i64 notrap aligned readonly can_move v0+72
;;     v12 = load.i64 notrap aligned region1 v11
;;     v13 = load.i64 notrap aligned readonly can_move v0+72
;;     v14 = load.i64 notrap aligned region1 v13+8
;;     v15 = iconst.i64 4
;;     v16 = iadd v10, v15  ; v15 = 4
;;     v17 = icmp ugt v16, v14
;;     trapnz v17, heap_oob
;;     v18 = iadd v12, v10
;;     v19 = iconst.i64 0
;;     v20 = iadd v18, v19  ; v19 = 0
;;     v21 = atomic_load.i32 little region3 v20
;;     v22 = iconst.i64 0
;;     v23 = iadd v5, v22  ; v22 = 0
;;     v24 = iconst.i32 0
;;     v25 = load.i64 notrap aligned readonly can_move v0+16
;;     v26 = load.i64 notrap aligned readonly can_move v25+240
;;     v27 = call_indirect sig0, v26(v0, v24, v23, v3, v4)  ; v24 = 0, v3 = 1, v4 = -1
;;     jump block1(v27)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 5
;; function u0:5(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i64, i32) -> i32 system_v
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 1
;;     v4 = uextend.i64 v1
;;     v5 = iconst.i32 0
;;     v6 = iadd v1, v5  ; v5 = 0
;;     v7 = iconst.i32 3
;;     v8 = band v6, v7  ; v7 = 3
;;     trapnz v8, user20
;;     v9 = uextend.i64 v1
;;     v10 = load.i64 notrap aligned readonly can_move v0+72
;;     v11 = load.i64 notrap aligned region1 v10
;;     v12 = load.i64 notrap aligned readonly can_move v0+72
;;     v13 = load.i64 notrap aligned region1 v12+8
;;     v14 = iconst.i64 4
;;     v15 = iadd v9, v14  ; v14 = 4
;;     v16 = icmp ugt v15, v13
;;     trapnz v16, heap_oob
;;     v17 = iadd v11, v9
;;     v18 = iconst.i64 0
;;     v19 = iadd v17, v18  ; v18 = 0
;;     v20 = atomic_load.i32 little region3 v19
;;     v21 = iconst.i64 0
;;     v22 = iadd v4, v21  ; v21 = 0
;;     v23 = iconst.i32 0
;;     v24 = load.i64 notrap aligned readonly can_move v0+16
;;     v25 = load.i64 notrap aligned readonly can_move v24+256
;;     v26 = call_indirect sig0, v25(v0, v23, v22, v3)  ; v23 = 0, v3 = 1
;;     jump block1(v26)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 6
;; function u0:6(i64 vmctx) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64):
;;     fence
;;     jump block1
;;
;;                                 block1:
;;     return
;; }
