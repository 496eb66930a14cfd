(module
  (memory 1)
  (data $d "bytes")
  (func (result i32) (memory.size))
  (func (param i32) (result i32) (memory.grow (local.get 0)))
  (func (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (param i32 i32 i32) (memory.init $d (local.get 0) (local.get 1) (local.get 2)) (data.drop $d))
  ;; Few bytes are copied without a call, all read before any is written.
  (func (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 7))))

;; ; function 0
;; function u0:0(i64 vmctx) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64):
;;     v2 = load.i64 notrap aligned readonly can_move v0+72
;;     v3 = load.i64 notrap aligned region1 v2+8
;;     v4 = iconst.i64 16
;;     v5 = ushr v3, v4  ; v4 = 16
;;     v6 = ireduce.i32 v5
;;     jump block1(v6)
;;
;;                                 block1(v1: i32):
;;     return v1
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i64) -> i64 system_v
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = iconst.i32 0
;;     v5 = load.i64 notrap aligned readonly can_move v0+16
;;     v6 = load.i64 notrap aligned readonly can_move v5+8
;;     v7 = call_indirect sig0, v6(v0, v4, v3)  ; v4 = 0
;;     v8 = ireduce.i32 v7
;;     jump block1(v8)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i64, i64) system_v
;;
;;                                 block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = uextend.i64 v1
;;     v5 = uextend.i64 v2
;;     v6 = uextend.i64 v3
;;     v7 = iadd v5, v6
;;     v8 = load.i64 notrap aligned readonly can_move v0+72
;;     v9 = load.i64 notrap aligned region1 v8+8
;;     v10 = icmp ugt v7, v9
;;     trapnz v10, heap_oob
;;     v11 = load.i64 notrap aligned readonly can_move v0+64
;;     v12 = iadd v11, v5
;;     v13 = iadd v4, v6
;;     v14 = load.i64 notrap aligned readonly can_move v0+72
;;     v15 = load.i64 notrap aligned region1 v14+8
;;     v16 = icmp ugt v13, v15
;;     trapnz v16, heap_oob
;;     v17 = load.i64 notrap aligned readonly can_move v0+64
;;     v18 = iadd v17, v4
;;     v19 = load.i64 notrap aligned readonly can_move v0+16
;;     v20 = load.i64 notrap aligned readonly can_move v19+280
;;     call_indirect sig0, v20(v18, v12, v6)
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i64) system_v
;;
;;                                 block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = uextend.i64 v1
;;     v5 = uextend.i64 v3
;;     v6 = iadd v4, v5
;;     v7 = load.i64 notrap aligned readonly can_move v0+72
;;     v8 = load.i64 notrap aligned region1 v7+8
;;     v9 = icmp ugt v6, v8
;;     trapnz v9, heap_oob
;;     v10 = load.i64 notrap aligned readonly can_move v0+64
;;     v11 = iadd v10, v4
;;     v12 = load.i64 notrap aligned readonly can_move v0+16
;;     v13 = load.i64 notrap aligned readonly can_move v12+288
;;     call_indirect sig0, v13(v11, v2, v5)
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 4
;; function u0:4(i64 vmctx, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i32, i64, i32, i32) -> i32 system_v
;;     sig1 = (i64, i32) system_v
;;
;;                                 block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v4 = uextend.i64 v1
;;     v5 = iconst.i32 0
;;     v6 = iconst.i32 0
;;     v7 = load.i64 notrap aligned readonly can_move v0+16
;;     v8 = load.i64 notrap aligned readonly can_move v7+32
;;     v9 = call_indirect sig0, v8(v0, v5, v6, v4, v2, v3)  ; v5 = 0, v6 = 0
;;     trapnz v9, heap_oob
;;     v10 = iconst.i32 0
;;     v11 = load.i64 notrap aligned readonly can_move v0+16
;;     v12 = load.i64 notrap aligned readonly can_move v11+40
;;     call_indirect sig1, v12(v0, v10)  ; v10 = 0
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 5
;; function u0:5(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;     v3 = iconst.i32 7
;;     v4 = uextend.i64 v1
;;     v5 = uextend.i64 v2
;;     v6 = uextend.i64 v3  ; v3 = 7
;;     v7 = iadd v5, v6
;;     v8 = load.i64 notrap aligned readonly can_move v0+72
;;     v9 = load.i64 notrap aligned region1 v8+8
;;     v10 = icmp ugt v7, v9
;;     trapnz v10, heap_oob
;;     v11 = load.i64 notrap aligned readonly can_move v0+64
;;     v12 = iadd v11, v5
;;     v13 = iadd v4, v6
;;     v14 = load.i64 notrap aligned readonly can_move v0+72
;;     v15 = load.i64 notrap aligned region1 v14+8
;;     v16 = icmp ugt v13, v15
;;     trapnz v16, heap_oob
;;     v17 = load.i64 notrap aligned readonly can_move v0+64
;;     v18 = iadd v17, v4
;;     v19 = load.i32 notrap little region3 v12
;;     v20 = load.i16 notrap little region3 v12+4
;;     v21 = load.i8 notrap little region3 v12+6
;;     store notrap little region3 v19, v18
;;     store notrap little region3 v20, v18+4
;;     store notrap little region3 v21, v18+6
;;     jump block1
;;
;;                                 block1:
;;     return
;; }
