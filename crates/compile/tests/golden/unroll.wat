(module
  ;; Counts to a number.
  (func (param i32) (result i32) (local i32)
    (loop $again
      (local.set 0 (i32.mul (local.get 0) (i32.const 3)))
      (br_if $again (i32.ne (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (i32.const 16))))
    (local.get 0))
  ;; Does not: it is not known when it ends.
  (func (param i32 i32) (result i32)
    (loop $again
      (local.set 0 (i32.mul (local.get 0) (i32.const 3)))
      (br_if $again (i32.lt_u (local.get 0) (local.get 1))))
    (local.get 0))
  ;; Counts to zero, which counts in a module so small.
  (func (param i32) (result i32) (local i32)
    (loop $again
      (local.set 1 (i32.mul (local.get 1) (i32.const 3)))
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)))

;; ; function 0
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;                                     v3 = iconst.i32 0
;;     jump block2(v1, v3)  ; v3 = 0
;;
;;                                 block2(v7: i32, v10: i32):
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     v8 = iconst.i32 3
;;     v9 = imul v7, v8  ; v8 = 3
;;     v11 = iconst.i32 1
;;     v12 = iadd v10, v11  ; v11 = 1
;;     v13 = iconst.i32 16
;;     v14 = icmp ne v12, v13  ; v13 = 16
;;     v15 = uextend.i32 v14
;;     brif v15, block4, block3(v9)
;;
;;                                 block4:
;;     v16 = iconst.i32 3
;;     v17 = imul.i32 v9, v16  ; v16 = 3
;;     v18 = iconst.i32 1
;;     v19 = iadd.i32 v12, v18  ; v18 = 1
;;     v20 = iconst.i32 16
;;     v21 = icmp ne v19, v20  ; v20 = 16
;;     v22 = uextend.i32 v21
;;     brif v22, block6, block3(v17)
;;
;;                                 block6:
;;     v23 = iconst.i32 3
;;     v24 = imul.i32 v17, v23  ; v23 = 3
;;     v25 = iconst.i32 1
;;     v26 = iadd.i32 v19, v25  ; v25 = 1
;;     v27 = iconst.i32 16
;;     v28 = icmp ne v26, v27  ; v27 = 16
;;     v29 = uextend.i32 v28
;;     brif v29, block8, block3(v24)
;;
;;                                 block8:
;;     v30 = iconst.i32 3
;;     v31 = imul.i32 v24, v30  ; v30 = 3
;;     v32 = iconst.i32 1
;;     v33 = iadd.i32 v26, v32  ; v32 = 1
;;     v34 = iconst.i32 16
;;     v35 = icmp ne v33, v34  ; v34 = 16
;;     v36 = uextend.i32 v35
;;     brif v36, block2(v31, v33), block3(v31)
;;
;;                                 block3(v37: i32):
;;     jump block1(v37)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;     jump block2(v1)
;;
;;                                 block2(v7: i32):
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     v8 = iconst.i32 3
;;     v9 = imul v7, v8  ; v8 = 3
;;     v11 = icmp ult v9, v2
;;     v12 = uextend.i32 v11
;;     brif v12, block2(v9), block3
;;
;;                                 block3:
;;     jump block1(v9)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;                                     v3 = iconst.i32 0
;;     jump block2(v3, v1)  ; v3 = 0
;;
;;                                 block2(v7: i32, v10: i32):
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     v8 = iconst.i32 3
;;     v9 = imul v7, v8  ; v8 = 3
;;     v11 = iconst.i32 1
;;     v12 = isub v10, v11  ; v11 = 1
;;     brif v12, block4, block3(v9)
;;
;;                                 block4:
;;     v13 = iconst.i32 3
;;     v14 = imul.i32 v9, v13  ; v13 = 3
;;     v15 = iconst.i32 1
;;     v16 = isub.i32 v12, v15  ; v15 = 1
;;     brif v16, block6, block3(v14)
;;
;;                                 block6:
;;     v17 = iconst.i32 3
;;     v18 = imul.i32 v14, v17  ; v17 = 3
;;     v19 = iconst.i32 1
;;     v20 = isub.i32 v16, v19  ; v19 = 1
;;     brif v20, block8, block3(v18)
;;
;;                                 block8:
;;     v21 = iconst.i32 3
;;     v22 = imul.i32 v18, v21  ; v21 = 3
;;     v23 = iconst.i32 1
;;     v24 = isub.i32 v20, v23  ; v23 = 1
;;     brif v24, block2(v22, v24), block3(v22)
;;
;;                                 block3(v25: i32):
;;     jump block1(v25)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
