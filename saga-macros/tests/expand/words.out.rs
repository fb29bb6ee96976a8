/// Every word of the language.
#[allow(
    dead_code,
    unreachable_pub,
    clippy::needless_pass_by_value,
    clippy::used_underscore_binding
)]
#[must_use = "a start request does nothing until it is given to an engine"]
fn words(request: Request) -> ::saga::Start<words> {
    #[allow(unused_imports)]
    use ::saga::__private::NoRequest as _;
    ::saga::__private::Request(&request).start()
}
/// Every word of the language.
#[allow(
    non_camel_case_types,
    dead_code,
    unreachable_pub,
    missing_copy_implementations,
    missing_debug_implementations,
    clippy::empty_enums
)]
enum words {}
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
            pub enum check_line {}
            impl check_line {
                pub fn args<T0>(_: T0) -> ::saga::Result<::saga::Args<Self>> {
                    loop {}
                }
            }
            #[diagnostic::do_not_recommend]
            impl<R> ::saga::Callable<R> for check_line {
                fn erased() -> ::saga::step::Callee<R> {
                    loop {}
                }
            }
        }
        pub use __saga_stand_in_0::check_line as __SagaCalls0;
        mod __saga_stand_in_1 {
            pub enum open {}
            impl open {
                pub fn args<T0, T1>(_: T0, _: T1) -> ::saga::Result<::saga::Args<Self>> {
                    loop {}
                }
            }
            #[diagnostic::do_not_recommend]
            impl<R> ::saga::Callable<R> for open {
                fn erased() -> ::saga::step::Callee<R> {
                    loop {}
                }
            }
        }
        pub use __saga_stand_in_1::open as __SagaCalls1;
        mod __saga_stand_in_2 {
            pub enum other_saga {}
            impl other_saga {
                pub fn args<T0>(_: T0) -> ::saga::Result<::saga::Args<Self>> {
                    loop {}
                }
            }
            #[diagnostic::do_not_recommend]
            impl<R> ::saga::Callable<R> for other_saga {
                fn erased() -> ::saga::step::Callee<R> {
                    loop {}
                }
            }
        }
        pub use __saga_stand_in_2::other_saga as __SagaCalls2;
        mod __saga_stand_in_3 {
            pub enum report {}
            impl report {
                pub fn args<T0>(_: T0) -> ::saga::Result<::saga::Args<Self>> {
                    loop {}
                }
            }
            #[diagnostic::do_not_recommend]
            impl<R> ::saga::Callable<R> for report {
                fn erased() -> ::saga::step::Callee<R> {
                    loop {}
                }
            }
        }
        pub use __saga_stand_in_3::report as __SagaCalls3;
    }
    #[allow(unused_imports)]
    use __saga_stand_ins::*;
    const _: () = {
        #[allow(unused_imports)]
        use ::saga::__private::{OfFunction as _, OfStep as _, Unknown as _};
        #[allow(unused_imports)]
        use check_line as __SagaCalls0;
        #[allow(unused_imports)]
        use open as __SagaCalls1;
        #[allow(unused_imports)]
        use other_saga as __SagaCalls2;
        #[allow(unused_imports)]
        use report as __SagaCalls3;
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
        impl words {
            /// The journaled argument of one call of this saga.
            ///
            /// # Errors
            /// When it cannot be written as JSON.
            fn args(request: Request) -> ::saga::Result<::saga::Args<Self>> {
                #[allow(unused_imports)]
                use ::saga::__private::NoRequest as _;
                ::saga::__private::Request(&request).args("request")
            }
            /// The plan of this saga, and the code behind it.
            #[must_use]
            fn definition<__R>() -> ::saga::Definition<__R>
            where
                __R: ::core::marker::Sync + 'static,
                __SagaCalls0: ::saga::Callable<__R>,
                __SagaCalls1: ::saga::Callable<__R>,
                __SagaCalls2: ::saga::Callable<__R>,
                __SagaCalls3: ::saga::Callable<__R>,
            {
                #[allow(unused_imports)]
                use ::saga::__private::NoSchema as _;
                const _: () = ::core::assert!(
                    ! (::saga::__private::Known:: < __SagaCalls0 > ::IS_SAGA &&
                    ::saga::__private::Known:: < __SagaCalls0 > ::IS_PIVOT),
                    "the saga `check_line` holds a pivot, so it cannot be undone when it fails: call it with `.await?`, or move the pivot out of it"
                );
                const __SAGA_PIVOT_BEFORE_1: bool = false
                    || ::saga::__private::Known::<__SagaCalls0>::IS_PIVOT;
                const _: () = ::core::assert!(
                    ! ::saga::__private::Known:: < __SagaCalls1 > ::IS_SAGA && !
                    ::saga::__private::Known:: < __SagaCalls1 > ::IS_PIVOT, "{}", if
                    ::saga::__private::Known:: < __SagaCalls1 > ::IS_SAGA {
                    "`open` is a saga, and how many items there are is known only when the workflow runs: call a step for each item, or start a workflow for each from a step"
                    } else {
                    "`open` is a pivot, and there is one point of no return, not one for each item: make it `retriable`, or call it once for all of them"
                    }
                );
                const _: () = ::core::assert!(
                    ! __SAGA_PIVOT_BEFORE_1 || ::saga::__private::Known:: < __SagaCalls1
                    > ::IS_RETRIABLE, "{}", if ::saga::__private::Known:: < __SagaCalls1
                    > ::IS_SAGA {
                    "the saga `open` comes after a pivot, or beside it, and may fail: let it call only `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    } else {
                    "`open` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    }
                );
                const _: () = ::core::assert!(
                    ! ::saga::__private::Known:: < __SagaCalls1 > ::IS_SAGA,
                    "`open` is a saga, which has no attempts of its own: write `.with(..)` at the calls inside of it"
                );
                const __SAGA_PIVOT_BEFORE_2: bool = __SAGA_PIVOT_BEFORE_1
                    || ::saga::__private::Known::<__SagaCalls1>::IS_PIVOT;
                const _: () = ::core::assert!(
                    ! __SAGA_PIVOT_BEFORE_2 || ::saga::__private::Known:: < __SagaCalls1
                    > ::IS_RETRIABLE, "{}", if ::saga::__private::Known:: < __SagaCalls1
                    > ::IS_SAGA {
                    "the saga `open` comes after a pivot, or beside it, and may fail: let it call only `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    } else {
                    "`open` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    }
                );
                const __SAGA_PIVOT_BEFORE_3: bool = __SAGA_PIVOT_BEFORE_2
                    || ::saga::__private::Known::<__SagaCalls1>::IS_PIVOT;
                const _: () = ::core::assert!(
                    ! __SAGA_PIVOT_BEFORE_2 || ::saga::__private::Known:: < __SagaCalls2
                    > ::IS_RETRIABLE, "{}", if ::saga::__private::Known:: < __SagaCalls2
                    > ::IS_SAGA {
                    "the saga `other_saga` comes after a pivot, or beside it, and may fail: let it call only `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    } else {
                    "`other_saga` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    }
                );
                const _: () = ::core::assert!(
                    ! ::saga::__private::Known:: < __SagaCalls2 > ::IS_SAGA,
                    "`other_saga` is a saga, which has no attempts of its own: write `.with(..)` at the calls inside of it"
                );
                const _: () = ::core::assert!(
                    ! ::saga::__private::Known:: < __SagaCalls2 > ::IS_ENDLESS,
                    "`other_saga` is `retriable`, so it is tried until it succeeds: leave out `max_attempts` and `deadline`"
                );
                const __SAGA_PIVOT_BEFORE_4: bool = __SAGA_PIVOT_BEFORE_2
                    || ::saga::__private::Known::<__SagaCalls2>::IS_PIVOT;
                const __SAGA_PIVOT_BEFORE_5: bool = __SAGA_PIVOT_BEFORE_3
                    || __SAGA_PIVOT_BEFORE_4 || __SAGA_PIVOT_BEFORE_2;
                const _: () = ::core::assert!(
                    ! (::saga::__private::Known:: < __SagaCalls3 > ::IS_SAGA &&
                    ::saga::__private::Known:: < __SagaCalls3 > ::IS_PIVOT),
                    "the saga `report` holds a pivot, so it cannot be undone when it fails: call it with `.await?`, or move the pivot out of it"
                );
                const __SAGA_PIVOT_BEFORE_6: bool = __SAGA_PIVOT_BEFORE_5
                    || ::saga::__private::Known::<__SagaCalls3>::IS_PIVOT;
                const __SAGA_PIVOT_BEFORE_7: bool = __SAGA_PIVOT_BEFORE_6
                    || __SAGA_PIVOT_BEFORE_5;
                let mut builder = ::saga::SagaBuilder::<__R, Request>::new("words", 1);
                {
                    #[allow(unused_imports)]
                    use ::saga::__private::PlainLockValue as _;
                    builder
                        .lock_on(
                            "serial",
                            |#[allow(unused_variables)] request: Request| {
                                ::saga::__private::LockValue(&request.serial).text()
                            },
                        );
                }
                builder.input_schema(::saga::__private::SchemaOf::<Request>::read());
                #[allow(unused_variables)]
                let request = builder.input();
                let line = builder
                    .expression(8726292882149399406u64)
                    .named("line")
                    .call_decided(
                        (request,),
                        move |#[allow(unused_variables)] (request,)| <__SagaCalls0>::args(
                            &request.serial,
                        ),
                    );
                {
                    #[allow(unused_imports)]
                    use ::saga::flow::sleep;
                    builder
                        .expression(15356294266224536625u64)
                        .sleep(
                            (),
                            move |#[allow(unused_variables)] ()| ::saga::__private::sleep(
                                Duration::from_secs(60),
                            ),
                        )
                };
                {
                    #[allow(unused_imports)]
                    use ::saga::flow::sleep_until;
                    builder
                        .expression(14074796212982072629u64)
                        .sleep_until(
                            (request,),
                            move |#[allow(unused_variables)] (request,)| ::saga::__private::sleep_until(
                                request.starts_at,
                            ),
                        )
                };
                let online = {
                    #[allow(unused_imports)]
                    use ::saga::flow::wait_for_event;
                    builder
                        .expression(8726292882149399406u64)
                        .named("online")
                        .wait_for_event_tolerated::<
                            Online,
                            _,
                        >(
                            "onu_online",
                            ::core::option::Option::Some(
                                ::core::time::Duration::from_millis(1800000u64),
                            ),
                            (request,),
                            move |#[allow(unused_variables)] (request,)| ::core::result::Result::Ok(
                                ::saga::__private::key(&&request.serial),
                            ),
                        )
                };
                let ports = {
                    #[allow(unused_imports)]
                    use ::saga::flow::for_each;
                    builder
                        .expression(7319730686703538875u64)
                        .named("ports")
                        .max_parallel(10)
                        .adjusted(|policy| {
                            policy.timeout = ::core::option::Option::Some(
                                ::core::time::Duration::from_millis(5000u64),
                            );
                        })
                        .call_each(
                            (request, online),
                            move |#[allow(unused_variables)] (request, online)| ::saga::__private::for_each(
                                &request.ports,
                                |port| <__SagaCalls1>::args(*port, &online),
                            ),
                        )
                };
                let id = {
                    let mut part_1 = builder
                        .expression(16973597898860394765u64)
                        .begin_match(
                            "&request.plan",
                            (request,),
                            move |#[allow(unused_variables)] (request,)| ::core::result::Result::Ok(
                                match &request.plan {
                                    Plan::Fiber { port, .. } if *port > 0 => {
                                        let _ = &port;
                                        "Plan::Fiber { port, .. } if *port > 0"
                                    }
                                    Plan::Other(name) => {
                                        let _ = &name;
                                        "Plan::Other(name)"
                                    }
                                    Plan::None => "Plan::None",
                                },
                            ),
                        );
                    let part_2 = (request,);
                    builder
                        .begin_arm(&mut part_1, "Plan::Fiber { port, .. } if *port > 0");
                    let part_3 = builder
                        .expression(15908151584634005455u64)
                        .named("id")
                        .call(
                            (part_2, (online,)),
                            move |(part_2, rest)| {
                                #[allow(unused_variables)]
                                let (request,) = part_2;
                                match &request.plan {
                                    #[allow(unused_variables)]
                                    Plan::Fiber { port, .. } => {
                                        #[allow(unused_variables)]
                                        let (online,) = rest;
                                        <__SagaCalls1>::args(*port, &online)
                                    }
                                    #[allow(unreachable_patterns)]
                                    _ => ::saga::__private::matches_no_more(),
                                }
                            },
                        );
                    builder.begin_arm(&mut part_1, "Plan::Other(name)");
                    let part_4 = builder
                        .expression(4950819002156229638u64)
                        .named("id")
                        .adjusted(|policy| {
                            policy.retry = ::saga::RetryPolicy {
                                max_attempts: 5,
                                ..policy.retry
                            };
                        })
                        .call(
                            (part_2,),
                            move |(part_2,)| {
                                #[allow(unused_variables)]
                                let (request,) = part_2;
                                match &request.plan {
                                    #[allow(unused_variables)]
                                    Plan::Other(name) => <__SagaCalls2>::args(name.clone()),
                                    #[allow(unreachable_patterns)]
                                    _ => ::saga::__private::matches_no_more(),
                                }
                            },
                        );
                    builder.begin_arm(&mut part_1, "Plan::None");
                    let part_5 = builder
                        .expression(5602106276733258265u64)
                        .value(
                            "id",
                            (),
                            move |#[allow(unused_variables)] ()| ::core::result::Result::Ok(
                                0,
                            ),
                        );
                    builder.named("id").end_match(part_1, part_3, &[part_4, part_5])
                };
                {
                    let mut part_6 = builder
                        .expression(2583414674479327713u64)
                        .begin_match(
                            "online",
                            (online,),
                            move |#[allow(unused_variables)] (online,)| ::core::result::Result::Ok(
                                match online {
                                    Some(online) => {
                                        let _ = &online;
                                        "Some(online)"
                                    }
                                    _ => "else",
                                },
                            ),
                        );
                    let part_7 = (online,);
                    builder.begin_arm(&mut part_6, "Some(online)");
                    {
                        builder
                            .expression(331578682955961055u64)
                            .call_tolerated(
                                (part_7,),
                                move |(part_7,)| {
                                    #[allow(unused_variables)]
                                    let (online,) = part_7;
                                    match online {
                                        #[allow(unused_variables)]
                                        Some(online) => <__SagaCalls3>::args(online.power),
                                        #[allow(unreachable_patterns)]
                                        _ => ::saga::__private::matches_no_more(),
                                    }
                                },
                            );
                    }
                    builder.begin_arm(&mut part_6, "else");
                    {}
                    builder.end_arms(part_6);
                }
                const _: () = ::saga::__private::fails_as::<saga::Result<u64>>();
                #[allow(unused_imports)]
                use ::saga::__private::NoEnd as _;
                builder.expression(4097152823200190216u64);
                builder
                    .finish_checked(
                        (line, ports, id),
                        move |#[allow(unused_variables)] (line, ports, id)| {
                            let result: saga::Result<u64> = Ok(
                                id + ports.len() as u64 + u64::from(line.is_ok()),
                            );
                            ::saga::__private::Ended(result).result()
                        },
                    )
            }
        }
        #[diagnostic::do_not_recommend]
        impl ::saga::Signature for words {
            type Output = <saga::Result<u64> as ::saga::__private::SagaResult>::Output;
            const META: &'static ::saga::Meta = &::saga::Meta {
                params: &["request"],
                saga: true,
                ..::saga::Meta::new(
                    "words",
                    ::saga::__private::class_of_saga(
                        &[
                            ::saga::__private::Known::<__SagaCalls0>::IS_PIVOT,
                            ::saga::__private::Known::<__SagaCalls1>::IS_PIVOT,
                            ::saga::__private::Known::<__SagaCalls2>::IS_PIVOT,
                            ::saga::__private::Known::<__SagaCalls3>::IS_PIVOT,
                        ],
                        &[
                            ::saga::__private::Known::<__SagaCalls1>::IS_RETRIABLE,
                            ::saga::__private::Known::<__SagaCalls2>::IS_RETRIABLE,
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
        impl<__R> ::saga::Callable<__R> for words
        where
            __R: ::core::marker::Sync + 'static,
            __SagaCalls0: ::saga::Callable<__R>,
            __SagaCalls1: ::saga::Callable<__R>,
            __SagaCalls2: ::saga::Callable<__R>,
            __SagaCalls3: ::saga::Callable<__R>,
        {
            fn erased() -> ::saga::step::Callee<__R> {
                ::core::convert::Into::into(Self::definition())
            }
        }
    };
};
