(module
  ;; The block that only gives the result its value when the loop is left is left out. The opposite of a comparison of floats is one, too.
  (func (param f64 i32) (result i32) (local i32)
    (block $found
      (loop $again
        (block $goes_on
          (br_if $goes_on (i32.eqz (f64.gt (f64.convert_i32_s (local.get 2)) (local.get 0))))
          (local.set 1 (i32.const 7))
          (br $found))
        (local.set 2 (i32.add (local.get 2) (i32.const 1)))
        (br_if $again (i32.lt_s (local.get 2) (local.get 1)))))
    (local.get 1)))

;; ; function 0
;; function u0:0(i64 vmctx, f64, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: f64, v2: i32):
;;                                     v4 = iconst.i32 0
;;     jump block3(v4)  ; v4 = 0
;;
;;                                 block3(v8: i32):
;;     v5 = load.i64 notrap aligned readonly can_move v0+8
;;     v6 = load.i64 notrap aligned readonly can_move v5+8
;;     v7 = atomic_load.i32 user11 aligned v6
;;     v9 = fcvt_from_sint.f64 v8
;;     v11 = fcmp gt v9, v1
;;     v12 = uextend.i32 v11
;;     v13 = fcmp ule v9, v1
;;     v14 = uextend.i32 v13
;;     v15 = iconst.i32 7
;;     brif v14, block5, block2(v15)  ; v15 = 7
;;
;;                                 block5:
;;     v16 = iconst.i32 1
;;     v17 = iadd.i32 v8, v16  ; v16 = 1
;;     v19 = icmp slt v17, v2
;;     v20 = uextend.i32 v19
;;     brif v20, block3(v17), block4
;;
;;                                 block4:
;;     jump block2(v2)
;;
;;                                 block2(v21: i32):
;;     jump block1(v21)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }
