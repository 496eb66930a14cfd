(module
  (memory 1)
  ;; Inside the guard whatever the index is: no check.
  (func (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  ;; Beyond the guard: compared, and the offset still fits the instruction.
  (func (param i32) (result i64) (i64.load offset=67108864 (local.get 0)))
  ;; An offset that no instruction can hold.
  (func (param i32 i32) (i32.store8 offset=4294967295 (local.get 0) (local.get 1)))
  (func (param i32) (result i64) (i64.load16_s (local.get 0))))

;; ; function 0
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0+64
;;     v5 = iadd v4, v3
;;     v6 = load.i32 little region3 v5+8
;;     jump block1(v6)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0+64
;;     v5 = load.i64 notrap aligned readonly can_move v0+72
;;     v6 = load.i64 notrap aligned region1 v5+8
;;     v7 = iconst.i64 0x0400_0008
;;     v8 = iadd v3, v7  ; v7 = 0x0400_0008
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, heap_oob
;;     v10 = iadd v4, v3
;;     v11 = load.i64 little region3 v10+0x0400_0000
;;     jump block1(v11)
;;
;;                                 block1(v2: i64):
;;     return v2
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0+64
;;     v5 = load.i64 notrap aligned readonly can_move v0+72
;;     v6 = load.i64 notrap aligned region1 v5+8
;;     v7 = iconst.i64 0x0001_0000_0000
;;     v8 = iadd v3, v7  ; v7 = 0x0001_0000_0000
;;     v9 = icmp ugt v8, v6
;;     trapnz v9, heap_oob
;;     v10 = iadd v4, v3
;;     v11 = iconst.i64 0xffff_ffff
;;     v12 = iadd v10, v11  ; v11 = 0xffff_ffff
;;     istore8 little region3 v2, v12
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0+64
;;     v5 = iadd v4, v3
;;     v6 = sload16.i64 little region3 v5
;;     jump block1(v6)
;;
;;                                 block1(v2: i64):
;;     return v2
;; }
