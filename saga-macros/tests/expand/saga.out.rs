/// Brings a line into service.
#[allow(
    dead_code,
    unreachable_pub,
    clippy::needless_pass_by_value,
    clippy::used_underscore_binding
)]
#[must_use = "a start request does nothing until it is given to an engine"]
pub fn connect(request: Request) -> ::saga::Start<connect> {
    #[allow(unused_imports)]
    use ::saga::__private::NoRequest as _;
    ::saga::__private::Request(&request).start()
}
/// Brings a line into service.
#[allow(
    non_camel_case_types,
    dead_code,
    unreachable_pub,
    missing_copy_implementations,
    missing_debug_implementations,
    clippy::empty_enums
)]
pub enum connect {}
const _: () = {
    #[allow(
        unused,
        non_camel_case_types,
        unreachable_pub,
        clippy::all,
        clippy::pedantic
    )]
    mod __saga_stand_ins {
        mod __saga_stand_in_0 {
            pub enum create_customer {}
            impl create_customer {
                pub fn args<T0>(_: T0) -> ::saga::Result<::saga::Args<Self>> {
                    loop {}
                }
            }
            #[diagnostic::do_not_recommend]
            impl<R> ::saga::Callable<R> for create_customer {
                fn erased() -> ::saga::step::Callee<R> {
                    loop {}
                }
            }
        }
        pub use __saga_stand_in_0::create_customer as __SagaCalls0;
        mod __saga_stand_in_1 {
            pub enum allocate_ip {}
            impl allocate_ip {
                pub fn args<T0, T1>(_: T0, _: T1) -> ::saga::Result<::saga::Args<Self>> {
                    loop {}
                }
            }
            #[diagnostic::do_not_recommend]
            impl<R> ::saga::Callable<R> for allocate_ip {
                fn erased() -> ::saga::step::Callee<R> {
                    loop {}
                }
            }
        }
        pub use __saga_stand_in_1::allocate_ip as __SagaCalls1;
        mod __saga_stand_in_2 {
            pub enum activate_onu {}
            impl activate_onu {
                pub fn args<T0>(_: T0) -> ::saga::Result<::saga::Args<Self>> {
                    loop {}
                }
            }
            #[diagnostic::do_not_recommend]
            impl<R> ::saga::Callable<R> for activate_onu {
                fn erased() -> ::saga::step::Callee<R> {
                    loop {}
                }
            }
        }
        pub use __saga_stand_in_2::activate_onu as __SagaCalls2;
        mod __saga_stand_in_3 {
            pub enum configure_cpe {}
            impl configure_cpe {
                pub fn args<T0>(_: T0) -> ::saga::Result<::saga::Args<Self>> {
                    loop {}
                }
            }
            #[diagnostic::do_not_recommend]
            impl<R> ::saga::Callable<R> for configure_cpe {
                fn erased() -> ::saga::step::Callee<R> {
                    loop {}
                }
            }
        }
        pub use __saga_stand_in_3::configure_cpe as __SagaCalls3;
        mod __saga_stand_in_4 {
            pub enum send_welcome {}
            impl send_welcome {
                pub fn args<T0>(_: T0) -> ::saga::Result<::saga::Args<Self>> {
                    loop {}
                }
            }
            #[diagnostic::do_not_recommend]
            impl<R> ::saga::Callable<R> for send_welcome {
                fn erased() -> ::saga::step::Callee<R> {
                    loop {}
                }
            }
        }
        pub use __saga_stand_in_4::send_welcome as __SagaCalls4;
        mod __saga_stand_in_5 {
            pub enum check {}
        }
        pub use __saga_stand_in_5::check as __SagaCalls5;
    }
    #[allow(unused_imports)]
    use __saga_stand_ins::*;
    const _: () = {
        #[allow(unused_imports)]
        use ::saga::__private::{OfFunction as _, OfStep as _, Unknown as _};
        #[allow(unused_imports)]
        use create_customer as __SagaCalls0;
        #[allow(unused_imports)]
        use allocate_ip as __SagaCalls1;
        #[allow(unused_imports)]
        use activate_onu as __SagaCalls2;
        #[allow(unused_imports)]
        use configure_cpe as __SagaCalls3;
        #[allow(unused_imports)]
        use send_welcome as __SagaCalls4;
        #[allow(unused_imports)]
        use check as __SagaCalls5;
        #[allow(
            dead_code,
            private_bounds,
            unreachable_pub,
            clippy::missing_errors_doc,
            clippy::needless_pass_by_value,
            clippy::needless_question_mark,
            clippy::needless_update,
            clippy::used_underscore_binding
        )]
        impl connect {
            /// The journaled argument of one call of this saga.
            ///
            /// # Errors
            /// When it cannot be written as JSON.
            pub fn args(request: Request) -> ::saga::Result<::saga::Args<Self>> {
                #[allow(unused_imports)]
                use ::saga::__private::NoRequest as _;
                ::saga::__private::Request(&request).args("request")
            }
            /// The plan of this saga, and the code behind it.
            #[must_use]
            pub fn definition<__R>() -> ::saga::Definition<__R>
            where
                __R: ::core::marker::Sync + 'static,
                __SagaCalls0: ::saga::Callable<__R>,
                __SagaCalls1: ::saga::Callable<__R>,
                __SagaCalls2: ::saga::Callable<__R>,
                __SagaCalls3: ::saga::Callable<__R>,
                __SagaCalls4: ::saga::Callable<__R>,
            {
                #[allow(unused_imports)]
                use ::saga::__private::NoSchema as _;
                const _: () = ::core::assert!(
                    ! false || ::saga::__private::Known:: < __SagaCalls0 >
                    ::IS_RETRIABLE, "{}", if ::saga::__private::Known:: < __SagaCalls0 >
                    ::IS_SAGA {
                    "the saga `create_customer` comes after a pivot, or beside it, and may fail: let it call only `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    } else {
                    "`create_customer` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    }
                );
                const __SAGA_PIVOT_BEFORE_1: bool = false
                    || ::saga::__private::Known::<__SagaCalls0>::IS_PIVOT;
                const __SAGA_PIVOT_BEFORE_2: bool = false
                    || ::saga::__private::Known::<__SagaCalls1>::IS_PIVOT;
                const __SAGA_PIVOT_BEFORE_3: bool = false
                    || ::saga::__private::Known::<__SagaCalls2>::IS_PIVOT;
                const __SAGA_PIVOT_BEFORE_4: bool = __SAGA_PIVOT_BEFORE_1
                    || __SAGA_PIVOT_BEFORE_3;
                const _: () = ::core::assert!(
                    ! __SAGA_PIVOT_BEFORE_4 || ::saga::__private::Known:: < __SagaCalls1
                    > ::IS_RETRIABLE, "{}", if ::saga::__private::Known:: < __SagaCalls1
                    > ::IS_SAGA {
                    "the saga `allocate_ip` comes after a pivot, or beside it, and may fail: let it call only `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    } else {
                    "`allocate_ip` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    }
                );
                const __SAGA_PIVOT_BEFORE_5: bool = __SAGA_PIVOT_BEFORE_4
                    || ::saga::__private::Known::<__SagaCalls1>::IS_PIVOT;
                const __SAGA_PIVOT_BEFORE_6: bool = __SAGA_PIVOT_BEFORE_1
                    || __SAGA_PIVOT_BEFORE_2;
                const _: () = ::core::assert!(
                    ! __SAGA_PIVOT_BEFORE_6 || ::saga::__private::Known:: < __SagaCalls2
                    > ::IS_RETRIABLE, "{}", if ::saga::__private::Known:: < __SagaCalls2
                    > ::IS_SAGA {
                    "the saga `activate_onu` comes after a pivot, or beside it, and may fail: let it call only `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    } else {
                    "`activate_onu` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    }
                );
                const __SAGA_PIVOT_BEFORE_7: bool = __SAGA_PIVOT_BEFORE_6
                    || ::saga::__private::Known::<__SagaCalls2>::IS_PIVOT;
                const __SAGA_PIVOT_BEFORE_8: bool = __SAGA_PIVOT_BEFORE_1
                    || __SAGA_PIVOT_BEFORE_2 || __SAGA_PIVOT_BEFORE_3;
                const _: () = ::core::assert!(
                    ! __SAGA_PIVOT_BEFORE_8 || ::saga::__private::Known:: < __SagaCalls3
                    > ::IS_RETRIABLE, "{}", if ::saga::__private::Known:: < __SagaCalls3
                    > ::IS_SAGA {
                    "the saga `configure_cpe` comes after a pivot, or beside it, and may fail: let it call only `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    } else {
                    "`configure_cpe` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    }
                );
                const __SAGA_PIVOT_BEFORE_9: bool = __SAGA_PIVOT_BEFORE_8
                    || ::saga::__private::Known::<__SagaCalls3>::IS_PIVOT;
                const __SAGA_PIVOT_BEFORE_10: bool = __SAGA_PIVOT_BEFORE_9
                    || __SAGA_PIVOT_BEFORE_8;
                const _: () = ::core::assert!(
                    ! (::saga::__private::Known:: < __SagaCalls4 > ::IS_SAGA &&
                    ::saga::__private::Known:: < __SagaCalls4 > ::IS_PIVOT),
                    "the saga `send_welcome` holds a pivot, so it cannot be undone when it fails: call it with `.await?`, or move the pivot out of it"
                );
                const __SAGA_PIVOT_BEFORE_11: bool = __SAGA_PIVOT_BEFORE_10
                    || ::saga::__private::Known::<__SagaCalls4>::IS_PIVOT;
                let mut builder = ::saga::SagaBuilder::<__R, Request>::new("connect", 1);
                builder.deadline(::core::time::Duration::from_millis(3600000u64));
                builder.input_schema(::saga::__private::SchemaOf::<Request>::read());
                #[allow(unused_variables)]
                let request = builder.input();
                builder
                    .expression(8682965569006982926u64)
                    .value(
                        "check",
                        (request,),
                        move |#[allow(unused_variables)] (request,)| {
                            (&::saga::__private::Named::<__SagaCalls5>::NEW)
                                .callee(__SagaCalls5)(&request)?;
                            ::core::result::Result::Ok(())
                        },
                    );
                let customer = builder
                    .expression(8458838908541148192u64)
                    .named("customer")
                    .call(
                        (request,),
                        move |#[allow(unused_variables)] (request,)| <__SagaCalls0>::args(
                            &request,
                        ),
                    );
                let (ip, onu) = {
                    #[allow(unused_imports)]
                    use ::saga::flow::try_join;
                    let mut part_1 = builder.begin_branches();
                    builder.begin_branch(&mut part_1);
                    let part_2 = {
                        #[allow(unused_imports)]
                        use ::saga::flow::when;
                        let mut part_3 = builder
                            .expression(16880014444002644431u64)
                            .begin_if(
                                "request.wants_ip",
                                (request,),
                                move |#[allow(unused_variables)] (request,)| {
                                    ::core::result::Result::Ok(request.wants_ip)
                                },
                            );
                        let then = builder
                            .expression(13160616951085803417u64)
                            .named("ip")
                            .call(
                                (customer,),
                                move |#[allow(unused_variables)] (customer,)| <__SagaCalls1>::args(
                                    &customer,
                                    None,
                                ),
                            );
                        builder.begin_else(&mut part_3);
                        builder.named("ip").end_when(part_3, then)
                    };
                    builder.begin_branch(&mut part_1);
                    let part_4 = builder
                        .expression(9391496857347519719u64)
                        .named("onu")
                        .evaluated()
                        .call(
                            (request,),
                            move |#[allow(unused_variables)] (request,)| <__SagaCalls2>::args(
                                &request.serial.to_uppercase(),
                            ),
                        );
                    builder.end_branches(part_1);
                    (part_2, part_4)
                };
                let cpe = {
                    let mut part_5 = builder
                        .expression(15311292582718612358u64)
                        .begin_if(
                            "onu.is_new",
                            (onu,),
                            move |#[allow(unused_variables)] (onu,)| {
                                ::core::result::Result::Ok(onu.is_new)
                            },
                        );
                    let then = {
                        let __saga_value_1 = builder
                            .expression(12200831292797100943u64)
                            .call(
                                (onu,),
                                move |#[allow(unused_variables)] (onu,)| <__SagaCalls3>::args(
                                    &onu,
                                ),
                            );
                        builder
                            .expression(15256017081073344300u64)
                            .value(
                                "cpe",
                                (__saga_value_1,),
                                move |#[allow(unused_variables)] (__saga_value_1,)| ::core::result::Result::Ok(
                                    Some(__saga_value_1),
                                ),
                            )
                    };
                    builder.begin_else(&mut part_5);
                    let otherwise = builder
                        .expression(5435911464133397141u64)
                        .value(
                            "cpe",
                            (),
                            move |#[allow(unused_variables)] ()| ::core::result::Result::Ok(
                                None,
                            ),
                        );
                    let [then, otherwise] = [then, otherwise];
                    builder.named("cpe").end_if(part_5, then, otherwise)
                };
                builder
                    .expression(12618574465554430985u64)
                    .call_tolerated(
                        (customer,),
                        move |#[allow(unused_variables)] (customer,)| <__SagaCalls4>::args(
                            &customer,
                        ),
                    );
                const _: () = ::saga::__private::fails_as::<saga::Result<Connected>>();
                #[allow(unused_imports)]
                use ::saga::__private::NoEnd as _;
                builder.expression(3358689408381119387u64);
                builder
                    .finish_checked(
                        (customer, ip, cpe),
                        move |#[allow(unused_variables)] (customer, ip, cpe)| {
                            let result: saga::Result<Connected> = Ok(Connected {
                                customer: customer.id,
                                ip,
                                cpe,
                            });
                            ::saga::__private::Ended(result).result()
                        },
                    )
            }
        }
        #[diagnostic::do_not_recommend]
        impl ::saga::Signature for connect {
            type Output = <saga::Result<
                Connected,
            > as ::saga::__private::SagaResult>::Output;
            const META: &'static ::saga::Meta = &::saga::Meta {
                params: &["request"],
                saga: true,
                ..::saga::Meta::new(
                    "connect",
                    ::saga::__private::class_of_saga(
                        &[
                            ::saga::__private::Known::<__SagaCalls0>::IS_PIVOT,
                            ::saga::__private::Known::<__SagaCalls1>::IS_PIVOT,
                            ::saga::__private::Known::<__SagaCalls2>::IS_PIVOT,
                            ::saga::__private::Known::<__SagaCalls3>::IS_PIVOT,
                            ::saga::__private::Known::<__SagaCalls4>::IS_PIVOT,
                        ],
                        &[
                            ::saga::__private::Known::<__SagaCalls0>::IS_RETRIABLE,
                            ::saga::__private::Known::<__SagaCalls1>::IS_RETRIABLE,
                            ::saga::__private::Known::<__SagaCalls2>::IS_RETRIABLE,
                            ::saga::__private::Known::<__SagaCalls3>::IS_RETRIABLE,
                        ],
                    ),
                )
            };
            fn schema() -> ::saga::step::StepSchema {
                #[allow(unused_imports)]
                use ::saga::__private::NoSchema as _;
                ::saga::step::StepSchema::default()
                    .with("request", ::saga::__private::SchemaOf::<Request>::read())
                    .giving(
                        ::saga::__private::SchemaOf::<
                            <Self as ::saga::Signature>::Output,
                        >::written(),
                    )
            }
        }
        #[allow(private_bounds)]
        impl<__R> ::saga::Callable<__R> for connect
        where
            __R: ::core::marker::Sync + 'static,
            __SagaCalls0: ::saga::Callable<__R>,
            __SagaCalls1: ::saga::Callable<__R>,
            __SagaCalls2: ::saga::Callable<__R>,
            __SagaCalls3: ::saga::Callable<__R>,
            __SagaCalls4: ::saga::Callable<__R>,
        {
            fn erased() -> ::saga::step::Callee<__R> {
                ::core::convert::Into::into(Self::definition())
            }
        }
    };
};
