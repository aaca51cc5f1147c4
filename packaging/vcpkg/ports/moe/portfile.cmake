# The vcpkg port of moe, as an overlay:  vcpkg install moe --overlay-ports=packaging/vcpkg/ports
# vcpkg cannot be installed from Debian, so this file has not been run: packaging/check.cmake compares the names and the version
# in it with the project. Two values are not known before there is a public release, and have to be filled in: the address of
# the repository, and the SHA512 of the archive of the release. With SHA512 0, vcpkg refuses the archive and prints its hash.
vcpkg_from_github(
  OUT_SOURCE_PATH SOURCE_PATH
  REPO OWNER/moe
  REF v${VERSION}
  SHA512 0
  HEAD_REF main)

vcpkg_check_linkage(ONLY_STATIC_LIBRARY)
vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DMOE_BUILD_TESTS=OFF -DMOE_BUILD_EXAMPLES=OFF -DMOE_INSTALL=ON)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME moe CONFIG_PATH lib/cmake/moe)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
