(module
  (memory 1)

  ;; Numbers that come in from other blocks, loads and selections index memory as 64 bits.
  (func (param i32 i32) (result i32)
    (loop $again
      (i32.store (local.get 0) (i32.load (local.get 1)))
      (local.set 1 (i32.load offset=4 (local.get 1)))
      (local.set 0 (select (local.get 1) (i32.add (local.get 0) (i32.const 4)) (local.get 0)))
      (br_if $again (i32.lt_u (local.get 0) (i32.const 1000))))
    (local.get 1))

  ;; What nothing is indexed with stays as it is.
  (func (param i32) (result i32)
    (loop $again (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 0)))

;; ; function 0
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;                                     v31 = uextend.i64 v1
;;                                     v32 = uextend.i64 v2
;;     jump block2(v31, v32)
;;
;;                                 block2(v28: i64, v26: i64):
;;                                     v13 -> v28
;;                                     v9 -> v26
;;                                     v16 -> v26
;;                                     v7 = ireduce.i32 v28
;;                                     v8 = ireduce.i32 v26
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     v10 = load.i64 notrap aligned readonly can_move v0+64
;;     v11 = iadd v10, v9
;;     v12 = load.i32 little region3 v11
;;     v14 = load.i64 notrap aligned readonly can_move v0+64
;;     v15 = iadd v14, v13
;;     store little region3 v12, v15
;;     v17 = load.i64 notrap aligned readonly can_move v0+64
;;     v18 = iadd v17, v16
;;     v27 = uload32 little region3 v18+4
;;                                     v19 = ireduce.i32 v27
;;     v20 = iconst.i32 4
;;     v21 = iadd v7, v20  ; v20 = 4
;;                                     v30 = uextend.i64 v21
;;     v29 = select v7, v27, v30
;;                                     v22 = ireduce.i32 v29
;;     v23 = iconst.i32 1000
;;     v24 = icmp ult v22, v23  ; v23 = 1000
;;     v25 = uextend.i32 v24
;;     brif v25, block2(v29, v27), block3
;;
;;                                 block3:
;;     jump block1(v19)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     jump block2(v1)
;;
;;                                 block2(v6: i32):
;;     v3 = load.i64 notrap aligned readonly can_move v0+8
;;     v4 = load.i64 notrap aligned readonly can_move v3+8
;;     v5 = atomic_load.i32 user11 aligned v4
;;     v7 = iconst.i32 1
;;     v8 = isub v6, v7  ; v7 = 1
;;     brif v8, block4, block3(v8)
;;
;;                                 block4:
;;     v9 = iconst.i32 1
;;     v10 = isub.i32 v8, v9  ; v9 = 1
;;     brif v10, block6, block3(v10)
;;
;;                                 block6:
;;     v11 = iconst.i32 1
;;     v12 = isub.i32 v10, v11  ; v11 = 1
;;     brif v12, block8, block3(v12)
;;
;;                                 block8:
;;     v13 = iconst.i32 1
;;     v14 = isub.i32 v12, v13  ; v13 = 1
;;     brif v14, block2(v14), block3(v14)
;;
;;                                 block3(v15: i32):
;;     jump block1(v15)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
