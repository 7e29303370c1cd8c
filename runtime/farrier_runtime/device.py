"""Devices: placeholder until the runtime's author writes the real one."""
class device:
    def __init__(self, device: str) -> None:
        self.kind, self.index = "cpu", 0
    def __str__(self) -> str:
        return f"{self.kind}:{self.index}"
