(module
  ;; Jumps whose way through the switch is known lead there: forward to $done, backward with a poll to $test.
  (func (param i32 i32) (result i32)
    (loop $again
      (block $done
        (block $test
          (br_table $test $done (local.get 0)))
        (if (i32.eqz (local.get 1))
          (then (local.set 0 (i32.const 1)) (br $again)))
        (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
        (local.set 0 (i32.const 0))
        (br $again)))
    (local.get 1)))

;; ; function 0
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;                                     v7 -> v1
;;     jump block2
;;
;;                                 block2:
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     br_table v7, block4(v2), [block5(v2)]
;;
;;                                 block5(v8: i32):
;;     v9 = iconst.i32 0
;;     v10 = icmp eq v8, v9  ; v9 = 0
;;     v11 = uextend.i32 v10
;;     brif v11, block6, block7
;;
;;                                 block6:
;;     v12 = iconst.i32 1
;;     jump block4(v8)
;;
;;                                 block7:
;;     jump block8
;;
;;                                 block8:
;;     v13 = iconst.i32 1
;;     v14 = isub.i32 v8, v13  ; v13 = 1
;;     v15 = iconst.i32 0
;;     v16 = load.i64 notrap aligned readonly can_move v0+8
;;     v17 = load.i64 notrap aligned readonly can_move v16+8
;;     v18 = atomic_load.i32 user11 aligned v17
;;     jump block5(v14)
;;
;;                                 block4(v19: i32):
;;     jump block3
;;
;;                                 block3:
;;     jump block1(v19)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }
