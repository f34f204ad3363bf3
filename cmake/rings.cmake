# One CMake library a folder (docs/architecture.md, "Rings"). `danewerk_library(engine_dane DEPS base types)` takes every
# .cc of the current folder into the static library dw_engine_dane, every *_test.cc into the one test program
# dw_engine_dane_test, and registers that program with ctest. A folder without .cc files becomes an interface library.
# PACKAGES are imported third-party targets, kept PRIVATE: their types must not appear in headers of other folders.
#
# A folder's files are compiled a few at a time, as one: what a coroutine header costs is paid once for them all, and a build
# takes less than half the time. The price: two such files must not use one name for two things in their unnamed namespaces.
# Where they do and renaming would make neither clearer, ALONE lists the file to compile by itself. The unit also sees what
# the files before it include; -DDANEWERK_TOGETHER=OFF compiles each alone and shows an include that is missing.

find_package(Threads REQUIRED)

function(danewerk_compile_together target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${DANEWERK_TOGETHER} UNITY_BUILD_BATCH_SIZE 6)
endfunction()

function(danewerk_library name)
  cmake_parse_arguments(arg "TESTS_READ_SOURCES" "" "DEPS;PACKAGES;TEST_DEPS;ALONE" ${ARGN})
  if(arg_ALONE)
    set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc)
  if(tests)
    list(REMOVE_ITEM sources ${tests})
  endif()
  set(deps ${arg_DEPS})
  list(TRANSFORM deps PREPEND dw_)
  if(sources)
    add_library(dw_${name} STATIC ${sources})
    target_include_directories(dw_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(dw_${name} PUBLIC ${deps} PRIVATE ${arg_PACKAGES})
    danewerk_compile_together(dw_${name})
  else()
    add_library(dw_${name} INTERFACE)
    target_include_directories(dw_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(dw_${name} INTERFACE ${deps})
  endif()
  if(tests AND DANEWERK_TESTS)
    set(test_deps ${arg_TEST_DEPS})
    list(TRANSFORM test_deps PREPEND dw_)
    find_package(GTest REQUIRED)
    add_executable(dw_${name}_test ${tests})
    danewerk_compile_together(dw_${name}_test)
    target_link_libraries(dw_${name}_test PRIVATE dw_${name} ${test_deps} ${arg_PACKAGES} GTest::gtest_main)
    target_compile_options(dw_${name}_test PRIVATE $<$<CONFIG:Release>:-O1>)  # half the compile time; what they test is -O3
    if(arg_TESTS_READ_SOURCES)
      target_compile_definitions(dw_${name}_test PRIVATE DANEWERK_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    endif()
    add_test(NAME ${name} COMMAND dw_${name}_test)
    set_tests_properties(${name} PROPERTIES TIMEOUT 300)
  endif()
endfunction()
