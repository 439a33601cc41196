"""What runs inside the emulator's process: ministack, taught the resource types that this library needs."""
