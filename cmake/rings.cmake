# One CMake library a folder (docs/architecture.md, "Rings"). `danewerk_library(engine_dane DEPS base types)` takes every
# .cc of the current folder into the static library dw_engine_dane, every *_test.cc into the one test program
# dw_engine_dane_test, and registers that program with ctest. What tests share and is worth compiling once, test_*.cc, becomes the
# library dw_engine_dane_test_support, which other folders' tests may name in TEST_DEPS. A folder without .cc files becomes an
# interface library. PACKAGES are imported third-party targets, kept PRIVATE: their types must not appear in headers of other
# folders.
#
# A folder's files are compiled a few at a time, as one: what a coroutine header costs is paid once for them all, and a build
# takes less than half the time. The price: two such files must not use one name for two things in their unnamed namespaces.
# Where they do and renaming would make neither clearer, ALONE lists the file to compile by itself. The unit also sees what
# the files before it include; -DDANEWERK_TOGETHER=OFF compiles each alone and shows an include that is missing.

find_package(Threads REQUIRED)

# Twelve files a unit cost a fifth less than twice six (decision 0091). The engines keep to six, so that a change to one file is soon tried.
function(danewerk_compile_together target)
  set(together 12)
  if(target MATCHES "^dw_engine_")
    set(together 6)
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${DANEWERK_TOGETHER} UNITY_BUILD_BATCH_SIZE ${together})
endfunction()

# What no message meets on its way costs less to compile at -O1: a third in services, a quarter in app/ (decision 0091).
set(danewerk_folders_off_the_way "app_.*|io_(acme|http|log|process|text)|engine_(caa|dnssec|dsn|issuance|lifecycle|rollover|zone)"
                                 "service_(alerts|anchors|certificates|domains|probe|prover|publisher|sts_hosting|zones)")
list(JOIN danewerk_folders_off_the_way "|" danewerk_folders_off_the_way)
function(danewerk_optimised_as_needed target folder)
  if(folder MATCHES "^(${danewerk_folders_off_the_way})$")
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()

# Headers of others that nearly every unit needs are parsed once (decision 0091): for code without coroutines, with them, and with
# JSON besides; and for tests. Ours are not among them: a change to one of ours would then compile everything anew.
set(danewerk_headers_plain algorithm array charconv chrono compare concepts cstdint cstring functional map memory optional set span
                           string string_view unordered_map utility variant vector)
set(danewerk_headers_io ${danewerk_headers_plain} atomic condition_variable deque filesystem fstream list mutex random thread
                        boost/asio/as_tuple.hpp boost/asio/awaitable.hpp boost/asio/bind_cancellation_slot.hpp
                        boost/asio/cancellation_signal.hpp boost/asio/co_spawn.hpp boost/asio/io_context.hpp boost/asio/post.hpp
                        boost/asio/steady_timer.hpp boost/asio/this_coro.hpp boost/asio/use_awaitable.hpp
                        boost/system/system_error.hpp)
set(danewerk_headers_json ${danewerk_headers_io} nlohmann/json.hpp)

# `danewerk_precompiled(target io_test)`: the target takes them. It must be compiled with the same options (-O1 and -O2 agree, -O0 does not), and agree on every
# definition that these headers look at (which is why Asio's are set for the whole project).
function(danewerk_precompiled target kind)
  if(DANEWERK_TOGETHER AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    if(NOT TARGET dw_precompiled_${kind})
      string(REGEX REPLACE "_test$" "" headers ${kind})
      set(headers ${danewerk_headers_${headers}})
      if(kind MATCHES "_test$")
        list(APPEND headers gtest/gtest.h)
      endif()
      list(TRANSFORM headers REPLACE "(.+)" "<\\1>")
      file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/precompiled/${kind}.cc CONTENT "// Only what is precompiled is of interest.\n")
      add_library(dw_precompiled_${kind} OBJECT ${CMAKE_BINARY_DIR}/precompiled/${kind}.cc)
      target_precompile_headers(dw_precompiled_${kind} PRIVATE ${headers})
      if(kind MATCHES "_test$")
        danewerk_test_code(dw_precompiled_${kind})
      endif()
    endif()
    target_precompile_headers(${target} REUSE_FROM dw_precompiled_${kind})
  endif()
endfunction()

# Tests are compiled in four fifths of the time that -O1 takes; what they test is optimised.
function(danewerk_test_code target)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
endfunction()

function(danewerk_library name)
  cmake_parse_arguments(arg "TESTS_READ_SOURCES" "" "DEPS;PACKAGES;TEST_DEPS;ALONE" ${ARGN})
  if(arg_ALONE)
    set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc)
  file(GLOB test_support CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/test_*.cc)
  list(REMOVE_ITEM sources ${tests} ${test_support} "")
  set(deps ${arg_DEPS})
  list(TRANSFORM deps PREPEND dw_)
  set(headers io)
  if(name MATCHES "^(base|types|engine_.*|io_text|io_process|app_config)$")  # who links Asio's headers must link io_runtime, where its functions are
    set(headers plain)
  elseif(name MATCHES "^app_")
    set(headers json)
  endif()
  if(sources)
    add_library(dw_${name} STATIC ${sources})
    target_include_directories(dw_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(dw_${name} PUBLIC ${deps} PRIVATE ${arg_PACKAGES})
    danewerk_compile_together(dw_${name})
    danewerk_optimised_as_needed(dw_${name} ${name})
    danewerk_precompiled(dw_${name} ${headers})
  else()
    add_library(dw_${name} INTERFACE)
    target_include_directories(dw_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(dw_${name} INTERFACE ${deps})
  endif()
  if(tests AND DANEWERK_TESTS)
    set(test_deps ${arg_TEST_DEPS})
    list(TRANSFORM test_deps PREPEND dw_)
    find_package(GTest REQUIRED)
    string(REPLACE json io headers ${headers})  # too few tests to be worth one of their own
    if(test_support)
      add_library(dw_${name}_test_support STATIC ${test_support})
      danewerk_compile_together(dw_${name}_test_support)
      target_link_libraries(dw_${name}_test_support PUBLIC dw_${name} PRIVATE GTest::gtest)
      danewerk_test_code(dw_${name}_test_support)
      danewerk_precompiled(dw_${name}_test_support ${headers}_test)
      list(PREPEND test_deps dw_${name}_test_support)
    endif()
    add_executable(dw_${name}_test ${tests})
    danewerk_compile_together(dw_${name}_test)
    target_link_libraries(dw_${name}_test PRIVATE ${test_deps} dw_${name} ${arg_PACKAGES} GTest::gtest_main)
    danewerk_test_code(dw_${name}_test)
    danewerk_precompiled(dw_${name}_test ${headers}_test)
    if(arg_TESTS_READ_SOURCES)
      target_compile_definitions(dw_${name}_test PRIVATE DANEWERK_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    endif()
    add_test(NAME ${name} COMMAND dw_${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
  endif()
endfunction()
