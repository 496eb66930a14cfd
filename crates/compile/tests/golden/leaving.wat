(module
  ;; Between what goes round: behind the function.
  (func (param i32 i32) (result i32)
    (loop $again
      (if (i32.eq (local.get 0) (local.get 1)) (then (return (i32.popcnt (local.get 1)))))
      (local.set 0 (i32.mul (local.get 0) (i32.const 3)))
      (br_if $again (local.get 0)))
    (i32.popcnt (local.get 0)))
  ;; From one loop to another around it, and at the end of the last: in place.
  (func (param i32 i32) (result i32)
    (loop $outer
      (block $out
        (loop $inner
          (if (i32.eqz (local.get 0)) (then (local.set 1 (i32.popcnt (local.get 1))) (br $out)))
          (local.set 0 (i32.mul (local.get 0) (i32.const 3)))
          (br_if $inner (local.get 0))))
      (br_if $outer (local.get 1))
      (return (i32.popcnt (local.get 0))))
    (unreachable))
  ;; Around a `br_table`: in place.
  (func (param i32) (result i32)
    (loop $again
      (if (i32.eqz (local.get 0)) (then (return (i32.popcnt (local.get 0)))))
      (block $b (block $a (br_table $a $b $again (local.get 0))) (return (i32.clz (local.get 0))))
      (br $again))
    (unreachable)))

;; ; function 0
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
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
;;     v9 = icmp eq v7, v2
;;     v10 = uextend.i32 v9
;;     brif v10, block4, block5
;;
;;                                 block4 cold:
;;     v11 = popcnt.i32 v2
;;     jump block1(v11)
;;
;;                                 block5:
;;     jump block6
;;
;;                                 block6:
;;     v12 = iconst.i32 3
;;     v13 = imul.i32 v7, v12  ; v12 = 3
;;     brif v13, block2(v13), block3
;;
;;                                 block3:
;;     v14 = popcnt.i32 v13
;;     jump block1(v14)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;     jump block2(v1, v2)
;;
;;                                 block2(v18: i32, v19: i32):
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     jump block5(v18)
;;
;;                                 block5(v10: i32):
;;     v7 = load.i64 notrap aligned readonly can_move v0+8
;;     v8 = load.i64 notrap aligned readonly can_move v7+8
;;     v9 = atomic_load.i32 user11 aligned v8
;;     v11 = iconst.i32 0
;;     v12 = icmp eq v10, v11  ; v11 = 0
;;     v13 = uextend.i32 v12
;;     brif v13, block7, block8
;;
;;                                 block7:
;;     v15 = popcnt.i32 v19
;;     jump block4(v15, v10)
;;
;;                                 block8:
;;     jump block9
;;
;;                                 block9:
;;     v16 = iconst.i32 3
;;     v17 = imul.i32 v10, v16  ; v16 = 3
;;     brif v17, block5(v17), block6
;;
;;                                 block6:
;;     jump block4(v19, v17)
;;
;;                                 block4(v20: i32, v21: i32):
;;     brif v20, block2(v21, v20), block11
;;
;;                                 block11:
;;     v22 = popcnt.i32 v21
;;     jump block1(v22)
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
;;     jump block2
;;
;;                                 block2:
;;     v3 = load.i64 notrap aligned readonly can_move v0+8
;;     v4 = load.i64 notrap aligned readonly can_move v3+8
;;     v5 = atomic_load.i32 user11 aligned v4
;;     v7 = iconst.i32 0
;;     v8 = icmp.i32 eq v1, v7  ; v7 = 0
;;     v9 = uextend.i32 v8
;;     brif v9, block4, block5
;;
;;                                 block4:
;;     v10 = popcnt.i32 v1
;;     jump block1(v10)
;;
;;                                 block5:
;;     jump block6
;;
;;                                 block6:
;;     v11 = iconst.i32 1
;;     v12 = icmp.i32 ult v1, v11  ; v11 = 1
;;     brif v12, block8, block9
;;
;;                                 block9:
;;     v13 = iconst.i32 2
;;     v14 = icmp.i32 ult v1, v13  ; v13 = 2
;;     brif v14, block7, block2
;;
;;                                 block8:
;;     v15 = clz.i32 v1
;;     jump block1(v15)
;;
;;                                 block7:
;;     jump block2
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
