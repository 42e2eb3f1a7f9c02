"""archwright: neural architecture search as a persistent tree."""

from archwright.core.architecture import layers as layers
from archwright.core.architecture import settings_of as settings_of
from archwright.core.modules.basic import (
    Affine,
    AvgPool2d,
    BatchNorm,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Identity,
    MaxPool2d,
    ReluConvBn,
    Zero,
)
from archwright.core.modules.basic import activation as activation
from archwright.core.modules.basic import relu as relu
from archwright.core.modules.basic import settings as settings
from archwright.core.modules.graphs import cell as cell
from archwright.core.modules.graphs import topology as topology
from archwright.core.check import check as check
from archwright.core.analysis import dead_ends as dead_ends
from archwright.core.modules.composite import RepeatTied, Residual
from archwright.core.modules.composite import branches as branches
from archwright.core.modules.composite import sequential as sequential
from archwright.core.domain import Domain as Domain
from archwright.core.ranges import integers as integers
from archwright.core.ranges import reals as reals
from archwright.core.domain import values as values
from archwright.core.errors import ArchwrightError as ArchwrightError
from archwright.core.expression import larger as larger
from archwright.core.expression import shared as shared
from archwright.core.expression import smaller as smaller
from archwright.core.spaces.named import named_space as named_space
from archwright.core.node import Node as Node
from archwright.core.node import replay as replay
from archwright.core.node import root as root
from archwright.core.modules.choices import Repeat
from archwright.core.modules.choices import either as either
from archwright.core.modules.choices import maybe_swap as maybe_swap
from archwright.core.modules.choices import optional as optional
from archwright.core.objective import score as score
from archwright.core.json import from_json as from_json
from archwright.core.json import to_json as to_json
from archwright.core.analysis import count as count
from archwright.core.term import Basic as Basic
from archwright.core.term import Composite as Composite
from archwright.core.hyperparameter import Hyperparameter as Hyperparameter
from archwright.core.shape import Misfit as Misfit
from archwright.core.term import Rewriting as Rewriting
from archwright.core.shape import Shape as Shape
from archwright.core.term import Term as Term
from archwright.core.term import child as child
from archwright.core.term import children as children
from archwright.core.hyperparameter import hyperparameter as hyperparameter
from archwright.core.hyperparameter import integer as integer
from archwright.core.term import module as module
from archwright.core.hyperparameter import number as number
from archwright.core.hyperparameter import one_of as one_of
from archwright.core.traversal import enumerate_leaves as enumerate_leaves
from archwright.core.traversal import sample as sample
from archwright.core.budget import Budget as Budget

# Modules are written as functions are: aw.conv2d(filters=[32, 64], size=3).
affine = Affine
avg_pool2d = AvgPool2d
batch_norm = BatchNorm
conv2d = Conv2d
dropout = Dropout
flatten = Flatten
global_avg_pool = GlobalAvgPool
identity = Identity
max_pool2d = MaxPool2d
relu_conv_bn = ReluConvBn
repeat = Repeat
repeat_tied = RepeatTied
residual = Residual
zero = Zero

__version__ = "0.1.0"
