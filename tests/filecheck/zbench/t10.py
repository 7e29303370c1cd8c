# RUN: env A=1 %python %s | filecheck %s
import farrier as fr
from support.show import stablehlo

stablehlo(lambda x: fr.tanh(x) + 10.0, fr.InputInfo((2, 3), fr.float32), name="f10")
# CHECK: // f10
# CHECK: stablehlo.tanh
# CHECK: stablehlo.add
