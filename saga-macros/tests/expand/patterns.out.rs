/// What a `let` with `else` and a chain of `let`s become.
#[allow(
    dead_code,
    unreachable_pub,
    clippy::needless_pass_by_value,
    clippy::used_underscore_binding
)]
#[must_use = "a start request does nothing until it is given to an engine"]
fn patterns(request: Request) -> ::saga::Start<patterns> {
    #[allow(unused_imports)]
    use ::saga::__private::NoRequest as _;
    ::saga::__private::Request(&request).start()
}
/// What a `let` with `else` and a chain of `let`s become.
#[allow(
    non_camel_case_types,
    dead_code,
    unreachable_pub,
    missing_copy_implementations,
    missing_debug_implementations,
    clippy::empty_enums
)]
enum patterns {}
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
        pub use __saga_stand_in_0::open as __SagaCalls0;
        mod __saga_stand_in_1 {
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
        pub use __saga_stand_in_1::check_line as __SagaCalls1;
    }
    #[allow(unused_imports)]
    use __saga_stand_ins::*;
    const _: () = {
        #[allow(unused_imports)]
        use ::saga::__private::{OfFunction as _, OfStep as _, Unknown as _};
        #[allow(unused_imports)]
        use open as __SagaCalls0;
        #[allow(unused_imports)]
        use check_line as __SagaCalls1;
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
        impl patterns {
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
            {
                #[allow(unused_imports)]
                use ::saga::__private::NoSchema as _;
                const _: () = ::core::assert!(
                    ! false || ::saga::__private::Known:: < __SagaCalls0 >
                    ::IS_RETRIABLE, "{}", if ::saga::__private::Known:: < __SagaCalls0 >
                    ::IS_SAGA {
                    "the saga `open` comes after a pivot, or beside it, and may fail: let it call only `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    } else {
                    "`open` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    }
                );
                const __SAGA_PIVOT_BEFORE_1: bool = false
                    || ::saga::__private::Known::<__SagaCalls0>::IS_PIVOT;
                const __SAGA_PIVOT_BEFORE_2: bool = __SAGA_PIVOT_BEFORE_1 || false;
                const _: () = ::core::assert!(
                    ! __SAGA_PIVOT_BEFORE_2 || ::saga::__private::Known:: < __SagaCalls1
                    > ::IS_RETRIABLE, "{}", if ::saga::__private::Known:: < __SagaCalls1
                    > ::IS_SAGA {
                    "the saga `check_line` comes after a pivot, or beside it, and may fail: let it call only `#[step(retriable)]` steps, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    } else {
                    "`check_line` comes after a pivot, or beside it, and may fail: declare it `#[step(retriable)]`, tolerate its failure with `.await.ok()`, or move it before the pivot"
                    }
                );
                const __SAGA_PIVOT_BEFORE_3: bool = __SAGA_PIVOT_BEFORE_2
                    || ::saga::__private::Known::<__SagaCalls1>::IS_PIVOT;
                let mut builder = ::saga::SagaBuilder::<
                    __R,
                    Request,
                >::new("patterns", 1);
                builder.input_schema(::saga::__private::SchemaOf::<Request>::read());
                #[allow(unused_variables)]
                let request = builder.input();
                builder
                    .expression(11306068326583669896u64)
                    .value(
                        "Some(mac)",
                        (request,),
                        move |#[allow(unused_variables)] (request,)| {
                            let Some(mac) = &request.mac else {
                                return Err(StepError::permanent("no MAC address"))
                            };
                            let _ = &mac;
                            ::core::result::Result::Ok(())
                        },
                    );
                let part_1 = (request,);
                let mut part_2 = builder
                    .expression(14310456561475411165u64)
                    .begin_if(
                        "request.ready && let Some((first, _)) = &request.ports && first.is_open",
                        (request,),
                        move |#[allow(unused_variables)] (request,)| {
                            ::core::result::Result::Ok(
                                if request.ready && let Some((first, _)) = &request.ports
                                    && first.is_open
                                {
                                    let _ = &first;
                                    true
                                } else {
                                    false
                                },
                            )
                        },
                    );
                {
                    let part_3 = (request,);
                    builder
                        .expression(4987146452269637945u64)
                        .call(
                            (part_1, part_3),
                            move |(part_1, part_3)| {
                                #[allow(unused_variables)]
                                let (request,) = part_1;
                                match &request.mac {
                                    #[allow(unused_variables)]
                                    Some(mac) => {
                                        #[allow(unused_variables)]
                                        let (request,) = part_3;
                                        match &request.ports {
                                            #[allow(unused_variables)]
                                            Some((first, _)) => <__SagaCalls0>::args(first.number, mac),
                                            #[allow(unreachable_patterns)]
                                            _ => ::saga::__private::matches_no_more(),
                                        }
                                    }
                                    #[allow(unreachable_patterns)]
                                    _ => ::saga::__private::matches_no_more(),
                                }
                            },
                        );
                }
                builder.begin_else(&mut part_2);
                {}
                builder.end_arms(part_2);
                let __saga_value_1 = builder
                    .expression(10918784502915198836u64)
                    .call(
                        (part_1,),
                        move |(part_1,)| {
                            #[allow(unused_variables)]
                            let (request,) = part_1;
                            match &request.mac {
                                #[allow(unused_variables)]
                                Some(mac) => <__SagaCalls1>::args(mac),
                                #[allow(unreachable_patterns)]
                                _ => ::saga::__private::matches_no_more(),
                            }
                        },
                    );
                const _: () = ::saga::__private::fails_as::<saga::Result<Vec<bool>>>();
                #[allow(unused_imports)]
                use ::saga::__private::NoEnd as _;
                builder.expression(4592830056406915889u64);
                builder
                    .finish_checked(
                        (__saga_value_1,),
                        move |#[allow(unused_variables)] (__saga_value_1,)| {
                            let result: saga::Result<Vec<bool>> = Ok(
                                vec![__saga_value_1, true],
                            );
                            ::saga::__private::Ended(result).result()
                        },
                    )
            }
        }
        #[diagnostic::do_not_recommend]
        impl ::saga::Signature for patterns {
            type Output = <saga::Result<
                Vec<bool>,
            > as ::saga::__private::SagaResult>::Output;
            const META: &'static ::saga::Meta = &::saga::Meta {
                params: &["request"],
                saga: true,
                ..::saga::Meta::new(
                    "patterns",
                    ::saga::__private::class_of_saga(
                        &[
                            ::saga::__private::Known::<__SagaCalls0>::IS_PIVOT,
                            ::saga::__private::Known::<__SagaCalls1>::IS_PIVOT,
                        ],
                        &[
                            ::saga::__private::Known::<__SagaCalls0>::IS_RETRIABLE,
                            ::saga::__private::Known::<__SagaCalls1>::IS_RETRIABLE,
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
        impl<__R> ::saga::Callable<__R> for patterns
        where
            __R: ::core::marker::Sync + 'static,
            __SagaCalls0: ::saga::Callable<__R>,
            __SagaCalls1: ::saga::Callable<__R>,
        {
            fn erased() -> ::saga::step::Callee<__R> {
                ::core::convert::Into::into(Self::definition())
            }
        }
    };
};
