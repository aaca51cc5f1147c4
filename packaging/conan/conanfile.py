"""The Conan 2 recipe of moe:  conan create packaging/conan

Conan cannot be installed from Debian, so this recipe has not been run: packaging/check.cmake parses it with Python and compares
the names and the version in it with the project. It exports the source of the checkout that contains it.
"""

import os

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy


class MoeConan(ConanFile):
    name = "moe"
    version = "0.2.0"
    description = "Mixture-of-Experts inference on a CPU, also when the experts do not fit in memory"
    license = "MIT"
    package_type = "static-library"
    settings = "os", "arch", "compiler", "build_type"

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "..", "..")
        for pattern in ("CMakeLists.txt", "moe.hpp", "LICENSE", "cmake/*", "detail/*"):
            copy(self, pattern, src=root, dst=self.export_sources_folder)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["MOE_BUILD_TESTS"] = False
        toolchain.cache_variables["MOE_BUILD_EXAMPLES"] = False
        toolchain.cache_variables["MOE_INSTALL"] = True
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", src=self.source_folder, dst=os.path.join(self.package_folder, "licenses"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "moe")
        header_only = self.cpp_info.components["moe"]
        header_only.set_property("cmake_target_name", "moe::moe")
        header_only.set_property("pkg_config_name", "moe")
        header_only.includedirs = ["include/moe"]
        if self.settings.os in ("Linux", "FreeBSD"):
            header_only.system_libs = ["pthread"]
        compiled = self.cpp_info.components["compiled"]
        compiled.set_property("cmake_target_name", "moe::compiled")
        compiled.set_property("pkg_config_name", "moe-compiled")
        compiled.requires = ["moe"]
        compiled.libs = ["moe"]
        compiled.includedirs = ["include/moe"]
        compiled.defines = ["MOE_HEADER_ONLY=0"]
