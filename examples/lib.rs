//! The examples stand in the files beside this one; the package holds only what they depend on.
