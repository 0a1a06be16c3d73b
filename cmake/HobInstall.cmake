# Where things go on Debian: cmake --install, cpack -G DEB.
