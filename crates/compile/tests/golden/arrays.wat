(module
  (type $words (array (mut i16)))
  (func (param i32 i32) (result (ref $words)) (array.new $words (local.get 0) (local.get 1)))
  (func (param (ref null $words) i32) (result i32) (array.get_u $words (local.get 0) (local.get 1)))
  (func (param (ref null $words) i32 i32 i32)
    (array.fill $words (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (param (ref $words)) (result i32) (array.len (local.get 0))))

;; ; function 0
;; function u0:0(i64 vmctx, i32, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64, i32, i32) -> i64 system_v
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;     v4 = iconst.i32 0
;;     v5 = load.i64 notrap aligned readonly can_move v0+16
;;     v6 = load.i64 notrap aligned readonly can_move v5+168
;;     v7 = call_indirect sig0, v6(v0, v4, v2)  ; v4 = 0
;;     trapz v7, user15
;;     v8 = iconst.i32 0
;;     v9 = uextend.i64 v8  ; v8 = 0
;;     v10 = iconst.i64 1
;;     v11 = ishl v9, v10  ; v10 = 1
;;     v12 = iadd v7, v11
;;     v13 = uextend.i64 v2
;;     v14 = iconst.i64 1
;;     v15 = ishl v13, v14  ; v14 = 1
;;     v16 = iadd v12, v15
;;     jump block2(v12)
;;
;;                                 block2(v17: i64):
;;     v18 = icmp ult v17, v16
;;     brif v18, block3, block1(v7)
;;
;;                                 block3:
;;     v19 = ireduce.i16 v1
;;     store user17 region4 v19, v17+16
;;     v20 = iconst.i64 2
;;     v21 = iadd.i64 v17, v20  ; v20 = 2
;;     jump block2(v21)
;;
;;                                 block1(v3: i64):
;;     return v3
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i64, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64, v2: i32):
;;     v4 = load.i32 user18 region4 v1+8
;;     v5 = icmp uge v2, v4
;;     trapnz v5, user14
;;     v6 = uextend.i64 v2
;;     v7 = iconst.i64 1
;;     v8 = ishl v6, v7  ; v7 = 1
;;     v9 = iadd v1, v8
;;     v10 = uload16.i32 user17 region4 v9+16
;;     jump block1(v10)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i64, i32, i32, i32) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64, v2: i32, v3: i32, v4: i32):
;;     v24 = uload32 user18 region4 v1+8
;;                                     v6 -> v24
;;                                     v5 = ireduce.i32 v24
;;     v7 = uextend.i64 v2
;;     v8 = uextend.i64 v4
;;     v9 = iadd v7, v8
;;     v10 = icmp ugt v9, v6
;;     trapnz v10, user14
;;     v11 = uextend.i64 v2
;;     v12 = iconst.i64 1
;;     v13 = ishl v11, v12  ; v12 = 1
;;     v14 = iadd v1, v13
;;     v15 = uextend.i64 v4
;;     v16 = iconst.i64 1
;;     v17 = ishl v15, v16  ; v16 = 1
;;     v18 = iadd v14, v17
;;     jump block2(v14)
;;
;;                                 block2(v19: i64):
;;     v20 = icmp ult v19, v18
;;     brif v20, block3, block1
;;
;;                                 block3:
;;     v21 = ireduce.i16 v3
;;     store user17 region4 v21, v19+16
;;     v22 = iconst.i64 2
;;     v23 = iadd.i64 v19, v22  ; v22 = 2
;;     jump block2(v23)
;;
;;                                 block1:
;;     return
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64):
;;     v3 = load.i32 user18 region4 v1+8
;;     jump block1(v3)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
