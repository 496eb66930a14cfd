(module
  (type $swap (func (param i32 f32) (result f32 i32)))
  (func (param i32 f32) (result f32 i32)
    (local.get 0) (local.get 1)
    (if (type $swap) (local.get 0)
      (then (local.set 1) (local.set 0) (local.get 1) (local.get 0))
      (else (drop) (drop) (f32.const 1) (i32.const 2))))
  (func (param i32) (result i32 i32)
    (local.get 0) (i32.const 10)
    (loop $l (param i32 i32) (result i32 i32)
      (br_if $l (local.get 0)))))

;; ; function 0
;; function u0:0(i64 vmctx, i32, f32) -> f32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: f32):
;;     brif v1, block2, block3(v1, v2)
;;
;;                                 block2:
;;     jump block4(v2, v1)
;;
;;                                 block3(v5: i32, v6: f32):
;;     v9 = f32const 0x1.000000p0
;;     v10 = iconst.i32 2
;;     jump block4(v9, v10)  ; v9 = 0x1.000000p0, v10 = 2
;;
;;                                 block4(v7: f32, v8: i32):
;;     jump block1(v7, v8)
;;
;;                                 block1(v3: f32, v4: i32):
;;     return v3, v4
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i32, i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v4 = iconst.i32 10
;;     jump block2(v1, v4)  ; v4 = 10
;;
;;                                 block2(v5: i32, v6: i32):
;;     v9 = load.i64 notrap aligned readonly can_move v0+8
;;     v10 = load.i64 notrap aligned readonly can_move v9+8
;;     v11 = atomic_load.i32 user11 aligned v10
;;     brif.i32 v1, block2(v5, v6), block3(v5, v6)
;;
;;                                 block3(v7: i32, v8: i32):
;;     jump block1(v7, v8)
;;
;;                                 block1(v2: i32, v3: i32):
;;     return v2, v3
;; }
