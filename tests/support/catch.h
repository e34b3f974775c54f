// The one way tests reach Catch2, so that a move to version 3 is one edit.
#ifndef LAZARET_TESTS_SUPPORT_CATCH_H_
#define LAZARET_TESTS_SUPPORT_CATCH_H_

#include <catch2/catch.hpp>

#endif  // LAZARET_TESTS_SUPPORT_CATCH_H_
