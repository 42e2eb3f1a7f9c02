"""The errors that a call may raise, by name, as in `except aw.errors.RunExists`; each is an ArchwrightError.

Each is imported when it is first read. DefinitionNeeded is the base of FunctionNeeded, EvaluationNeeded, DataNeeded and
ExtensionNeeded: what no log holds whole is to be given again. RunInterrupted alone is no ArchwrightError, but a
KeyboardInterrupt.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archwright.core.late_names import import_when_read

if TYPE_CHECKING:
    from archwright.callbacks.mlflow import DeletedExperiment as DeletedExperiment
    from archwright.callbacks.protocol import BadCallback as BadCallback
    from archwright.core.architecture import NotSpecified as NotSpecified
    from archwright.core.budget import DifferentUnits as DifferentUnits
    from archwright.core.budget import InvalidBudget as InvalidBudget
    from archwright.core.builders import WrongArguments as WrongArguments
    from archwright.core.check import ConflictingShared as ConflictingShared
    from archwright.core.check import NotWritable as NotWritable
    from archwright.core.check import WrongOutput as WrongOutput
    from archwright.core.completion import ChoicesExcluded as ChoicesExcluded
    from archwright.core.completion import NoSuchChoice as NoSuchChoice
    from archwright.core.ends import InvalidEnd as InvalidEnd
    from archwright.core.errors import ArchwrightError as ArchwrightError
    from archwright.core.errors import TooDeep as TooDeep
    from archwright.core.extra_packages import MissingPackage as MissingPackage
    from archwright.core.hyperparameter import InvalidHyperparameter as InvalidHyperparameter
    from archwright.core.input import BadInput as BadInput
    from archwright.core.json import UnreadableTerm as UnreadableTerm
    from archwright.core.kind import NotATerm as NotATerm
    from archwright.core.membership.matching import MembershipUnknown as MembershipUnknown
    from archwright.core.membership.path_of import NotInSpace as NotInSpace
    from archwright.core.modules.grammar_text import UnreadableGrammar as UnreadableGrammar
    from archwright.core.modules.nonterminal import InvalidGrammar as InvalidGrammar
    from archwright.core.modules.nonterminal import UnboundNonterminal as UnboundNonterminal
    from archwright.core.modules.places import PlaceWithoutLet as PlaceWithoutLet
    from archwright.core.node import DeadEnd as DeadEnd
    from archwright.core.node import NotALeaf as NotALeaf
    from archwright.core.node import NothingToChoose as NothingToChoose
    from archwright.core.node import PathMismatch as PathMismatch
    from archwright.core.objective import BadMetricName as BadMetricName
    from archwright.core.objective import BadScore as BadScore
    from archwright.core.setting import BadSetting as BadSetting
    from archwright.core.setting import UnknownSetting as UnknownSetting
    from archwright.core.shape import Misfit as Misfit
    from archwright.core.spaces.named import UnknownSpace as UnknownSpace
    from archwright.core.step import HiddenSharedHyperparameter as HiddenSharedHyperparameter
    from archwright.core.taken_input import NotASpace as NotASpace
    from archwright.core.traversal import Uncountable as Uncountable
    from archwright.core.unknown_modules import CodeNeeded as CodeNeeded
    from archwright.core.user_modules import InvalidResult as InvalidResult
    from archwright.core.value import IllegalValue as IllegalValue
    from archwright.core.value import InvalidDomain as InvalidDomain
    from archwright.core.variation.mutation import NothingToVary as NothingToVary
    from archwright.core.wiring import InvalidWiring as InvalidWiring
    from archwright.core.words import BadWords as BadWords
    from archwright.display.output_file import FileOfAnotherKind as FileOfAnotherKind
    from archwright.display.output_file import UnwritableFile as UnwritableFile
    from archwright.evaluate.data.dataset import BadData as BadData
    from archwright.evaluate.data.dataset import NoSuchData as NoSuchData
    from archwright.evaluate.data.loading import UnknownData as UnknownData
    from archwright.evaluate.data.logged_images import DataChanged as DataChanged
    from archwright.evaluate.data.user_data import UserDataFailed as UserDataFailed
    from archwright.evaluate.evaluation import NotAnEvaluation as NotAnEvaluation
    from archwright.evaluate.evaluation import NothingToRetrain as NothingToRetrain
    from archwright.evaluate.evaluation_kinds import UnknownEvaluation as UnknownEvaluation
    from archwright.evaluate.export.folder import FileExists as FileExists
    from archwright.evaluate.export.folder import UnwritableFolder as UnwritableFolder
    from archwright.evaluate.export.folder import WrongSource as WrongSource
    from archwright.evaluate.export.user_source import BadModuleSource as BadModuleSource
    from archwright.evaluate.export.user_source import NoModuleSource as NoModuleSource
    from archwright.evaluate.functions.checkpoint import UnsavableState as UnsavableState
    from archwright.evaluate.functions.scoring import NotAnEpoch as NotAnEpoch
    from archwright.evaluate.functions.scoring import NotANumber as NotANumber
    from archwright.evaluate.functions.signature import NotCallable as NotCallable
    from archwright.evaluate.functions.signature import WrongParameters as WrongParameters
    from archwright.evaluate.network.compile import NotCompilable as NotCompilable
    from archwright.evaluate.network.compile import VocabularyTooLarge as VocabularyTooLarge
    from archwright.evaluate.network.compile import WrongElements as WrongElements
    from archwright.evaluate.network.compile import WrongShape as WrongShape
    from archwright.evaluate.network.compile import WrongSize as WrongSize
    from archwright.evaluate.settings import UnusedHyperparameter as UnusedHyperparameter
    from archwright.evaluate.settings import UnusedSetting as UnusedSetting
    from archwright.evaluate.settings import WrongMetric as WrongMetric
    from archwright.evaluate.tables.tabular import BadTable as BadTable
    from archwright.evaluate.tables.tabular import NotInTable as NotInTable
    from archwright.evaluate.told import TrialsAreTold as TrialsAreTold
    from archwright.evaluate.training.checkpointing import DifferentTraining as DifferentTraining
    from archwright.evaluate.training.device import NoCompiler as NoCompiler
    from archwright.evaluate.training.device import NoSuchDevice as NoSuchDevice
    from archwright.evaluate.training.evaluation import DataDoesNotFit as DataDoesNotFit
    from archwright.evaluate.training.task import NotAClassifier as NotAClassifier
    from archwright.evaluate.training.task import NotForInput as NotForInput
    from archwright.evaluate.training.trained_model import BadArtifact as BadArtifact
    from archwright.evaluate.training.trained_model import NoArtifact as NoArtifact
    from archwright.evaluate.training.trained_model import UnknownNormalisation as UnknownNormalisation
    from archwright.evaluate.training.trained_model import WrongWeights as WrongWeights
    from archwright.evaluate.training.trainer import BatchTooSmall as BatchTooSmall
    from archwright.evaluate.workers.parcel import CannotTravel as CannotTravel
    from archwright.evaluate.workers.pool import NoWorker as NoWorker
    from archwright.evaluate.workers.simulated import InvalidTrainingTime as InvalidTrainingTime
    from archwright.execution.architecture_files import BadArchitectureFile as BadArchitectureFile
    from archwright.execution.arguments import TwoDirections as TwoDirections
    from archwright.execution.call_options import UnknownRunOption as UnknownRunOption
    from archwright.execution.checks import BadArgument as BadArgument
    from archwright.execution.naming import BadSearchers as BadSearchers
    from archwright.execution.naming import ComparisonIsBusy as ComparisonIsBusy
    from archwright.execution.restoring import EvaluationDiffers as EvaluationDiffers
    from archwright.execution.resuming import NoStoppingRule as NoStoppingRule
    from archwright.execution.same_search import OtherSearch as OtherSearch
    from archwright.execution.session import RunInterrupted as RunInterrupted
    from archwright.execution.spaces import SpaceFailed as SpaceFailed
    from archwright.execution.warm_start import SourceUnreadable as SourceUnreadable
    from archwright.execution.written_configurations import BadEnqueueFile as BadEnqueueFile
    from archwright.plots.axes import NotAxes as NotAxes
    from archwright.plots.coordinates import UnknownHyperparameter as UnknownHyperparameter
    from archwright.plots.figure_files import UnwritableFigure as UnwritableFigure
    from archwright.plots.figures import UnknownFigureKind as UnknownFigureKind
    from archwright.plots.histories import NothingToCompare as NothingToCompare
    from archwright.plots.importances import NoCurve as NoCurve
    from archwright.plots.stretches import UnknownAxis as UnknownAxis
    from archwright.plots.trial_histories import NothingToShow as NothingToShow
    from archwright.results.exporting import NoWeights as NoWeights
    from archwright.results.frames import NoFrameLibrary as NoFrameLibrary
    from archwright.results.frames import UnknownFrameLibrary as UnknownFrameLibrary
    from archwright.search.importance.analyzed_trial import NothingVaries as NothingVaries
    from archwright.search.importance.analyzed_trial import TooFewTrials as TooFewTrials
    from archwright.search.ladders.ladder import NoRungs as NoRungs
    from archwright.search.logged_extensions import OtherExtension as OtherExtension
    from archwright.search.named import NotASearcher as NotASearcher
    from archwright.search.named import UnknownSearcher as UnknownSearcher
    from archwright.search.named_rules import NotAStoppingRule as NotAStoppingRule
    from archwright.search.named_rules import UnknownStoppingRule as UnknownStoppingRule
    from archwright.search.running.budget_results import NothingToCorrelate as NothingToCorrelate
    from archwright.search.running.compare import SearchDiffers as SearchDiffers
    from archwright.search.running.enqueuing import BadChoices as BadChoices
    from archwright.search.running.enqueuing import EnqueuingRefused as EnqueuingRefused
    from archwright.search.running.loop import NoSuchMetric as NoSuchMetric
    from archwright.search.running.loop import NothingScored as NothingScored
    from archwright.search.running.loop import TrialsKeepFailing as TrialsKeepFailing
    from archwright.search.running.process_pool import ProcessDied as ProcessDied
    from archwright.search.running.run_view import NoSuchTrial as NoSuchTrial
    from archwright.search.running.run_view import RunHasGoneOn as RunHasGoneOn
    from archwright.search.running.runs import SpaceChanged as SpaceChanged
    from archwright.search.running.statistics import NoPairedScores as NoPairedScores
    from archwright.store.artifacts import ArtifactsExist as ArtifactsExist
    from archwright.store.artifacts import ArtifactUnwritable as ArtifactUnwritable
    from archwright.store.configured import ExtensionFailed as ExtensionFailed
    from archwright.store.errors import Inadmissible as Inadmissible
    from archwright.store.errors import InvalidHead as InvalidHead
    from archwright.store.errors import InvalidRunName as InvalidRunName
    from archwright.store.errors import JournalIsDamaged as JournalIsDamaged
    from archwright.store.errors import LogConflict as LogConflict
    from archwright.store.errors import LogContradicted as LogContradicted
    from archwright.store.errors import LogFailed as LogFailed
    from archwright.store.errors import LogIsBusy as LogIsBusy
    from archwright.store.errors import LogIsDamaged as LogIsDamaged
    from archwright.store.errors import LogIsFolder as LogIsFolder
    from archwright.store.errors import LogIsFull as LogIsFull
    from archwright.store.errors import LogIsGone as LogIsGone
    from archwright.store.errors import LogIsLost as LogIsLost
    from archwright.store.errors import LogIsNewer as LogIsNewer
    from archwright.store.errors import LogIsTorn as LogIsTorn
    from archwright.store.errors import LogMissing as LogMissing
    from archwright.store.errors import LogUnwritable as LogUnwritable
    from archwright.store.errors import NamesTaken as NamesTaken
    from archwright.store.errors import NoSuchEvent as NoSuchEvent
    from archwright.store.errors import NoSuchRun as NoSuchRun
    from archwright.store.errors import NotADatabase as NotADatabase
    from archwright.store.errors import NotALog as NotALog
    from archwright.store.errors import QueryFailed as QueryFailed
    from archwright.store.errors import RunExists as RunExists
    from archwright.store.errors import RunIsBusy as RunIsBusy
    from archwright.store.errors import UnreadableEvent as UnreadableEvent
    from archwright.store.errors import UnwritableEvent as UnwritableEvent
    from archwright.store.needed import DataNeeded as DataNeeded
    from archwright.store.needed import DefinitionNeeded as DefinitionNeeded
    from archwright.store.needed import EvaluationNeeded as EvaluationNeeded
    from archwright.store.needed import ExtensionNeeded as ExtensionNeeded
    from archwright.store.needed import FunctionNeeded as FunctionNeeded
    from archwright.store.own_files import FileOfALog as FileOfALog
    from archwright.store.permission import ListUnwritable as ListUnwritable
    from archwright.store.permission import NotTrusted as NotTrusted
    from archwright.store.user_code import BadSourceName as BadSourceName
    from archwright.store.user_code import NoSuchAttribute as NoSuchAttribute
    from archwright.store.user_code import NoSuchSource as NoSuchSource
    from archwright.store.user_code import SourceFailed as SourceFailed
    from archwright.studies.ask_tell import NoSuchOpenTrial as NoSuchOpenTrial
    from archwright.studies.ask_tell import NotAStudy as NotAStudy
    from archwright.studies.ask_tell import NothingToAsk as NothingToAsk
    from archwright.studies.ask_tell import StudyIsClosed as StudyIsClosed
    from archwright.studies.studying import SpaceNeeded as SpaceNeeded
    from archwright.studies.studying import StudyDiffers as StudyDiffers
    from archwright.studies.told_outcomes import BadOutcome as BadOutcome

_NAMES: Mapping[str, str] = {  # by the modules that define them
    "archwright.callbacks.mlflow": "DeletedExperiment",
    "archwright.callbacks.protocol": "BadCallback",
    "archwright.core.architecture": "NotSpecified",
    "archwright.core.budget": "DifferentUnits InvalidBudget",
    "archwright.core.builders": "WrongArguments",
    "archwright.core.check": "ConflictingShared NotWritable WrongOutput",
    "archwright.core.completion": "ChoicesExcluded NoSuchChoice",
    "archwright.core.ends": "InvalidEnd",
    "archwright.core.errors": "ArchwrightError TooDeep",
    "archwright.core.extra_packages": "MissingPackage",
    "archwright.core.hyperparameter": "InvalidHyperparameter",
    "archwright.core.input": "BadInput",
    "archwright.core.json": "UnreadableTerm",
    "archwright.core.kind": "NotATerm",
    "archwright.core.membership.matching": "MembershipUnknown",
    "archwright.core.variation.mutation": "NothingToVary",
    "archwright.core.modules.grammar_text": "UnreadableGrammar",
    "archwright.core.modules.places": "PlaceWithoutLet",
    "archwright.core.node": "DeadEnd NotALeaf NothingToChoose PathMismatch",
    "archwright.core.modules.nonterminal": "InvalidGrammar UnboundNonterminal",
    "archwright.core.objective": "BadMetricName BadScore",
    "archwright.core.membership.path_of": "NotInSpace",
    "archwright.core.setting": "BadSetting UnknownSetting",
    "archwright.core.shape": "Misfit",
    "archwright.core.spaces.named": "UnknownSpace",
    "archwright.core.step": "HiddenSharedHyperparameter",
    "archwright.core.taken_input": "NotASpace",
    "archwright.core.traversal": "Uncountable",
    "archwright.core.unknown_modules": "CodeNeeded",
    "archwright.core.user_modules": "InvalidResult",
    "archwright.core.value": "IllegalValue InvalidDomain",
    "archwright.core.wiring": "InvalidWiring",
    "archwright.core.words": "BadWords",
    "archwright.display.output_file": "FileOfAnotherKind UnwritableFile",
    "archwright.evaluate.data.dataset": "BadData NoSuchData",
    "archwright.evaluate.data.loading": "UnknownData",
    "archwright.evaluate.data.logged_images": "DataChanged",
    "archwright.evaluate.data.user_data": "UserDataFailed",
    "archwright.evaluate.evaluation": "NotAnEvaluation NothingToRetrain",
    "archwright.evaluate.evaluation_kinds": "UnknownEvaluation",
    "archwright.evaluate.export.folder": "FileExists UnwritableFolder WrongSource",
    "archwright.evaluate.export.user_source": "BadModuleSource NoModuleSource",
    "archwright.evaluate.functions.checkpoint": "UnsavableState",
    "archwright.evaluate.functions.scoring": "NotANumber NotAnEpoch",
    "archwright.evaluate.functions.signature": "NotCallable WrongParameters",
    "archwright.evaluate.network.compile": "NotCompilable VocabularyTooLarge WrongElements WrongShape WrongSize",
    "archwright.evaluate.settings": "UnusedHyperparameter UnusedSetting WrongMetric",
    "archwright.evaluate.tables.tabular": "BadTable NotInTable",
    "archwright.evaluate.told": "TrialsAreTold",
    "archwright.evaluate.training.checkpointing": "DifferentTraining",
    "archwright.evaluate.training.device": "NoCompiler NoSuchDevice",
    "archwright.evaluate.training.evaluation": "DataDoesNotFit",
    "archwright.evaluate.training.task": "NotAClassifier NotForInput",
    "archwright.evaluate.training.trained_model": "BadArtifact NoArtifact UnknownNormalisation WrongWeights",
    "archwright.evaluate.training.trainer": "BatchTooSmall",
    "archwright.evaluate.workers.parcel": "CannotTravel",
    "archwright.evaluate.workers.pool": "NoWorker",
    "archwright.evaluate.workers.simulated": "InvalidTrainingTime",
    "archwright.execution.architecture_files": "BadArchitectureFile",
    "archwright.execution.arguments": "TwoDirections",
    "archwright.execution.checks": "BadArgument",
    "archwright.execution.call_options": "UnknownRunOption",
    "archwright.execution.naming": "BadSearchers ComparisonIsBusy",
    "archwright.execution.restoring": "EvaluationDiffers",
    "archwright.execution.resuming": "NoStoppingRule",
    "archwright.execution.same_search": "OtherSearch",
    "archwright.execution.session": "RunInterrupted",
    "archwright.execution.spaces": "SpaceFailed",
    "archwright.execution.warm_start": "SourceUnreadable",
    "archwright.execution.written_configurations": "BadEnqueueFile",
    "archwright.plots.axes": "NotAxes",
    "archwright.plots.coordinates": "UnknownHyperparameter",
    "archwright.plots.figure_files": "UnwritableFigure",
    "archwright.plots.figures": "UnknownFigureKind",
    "archwright.plots.histories": "NothingToCompare",
    "archwright.plots.stretches": "UnknownAxis",
    "archwright.plots.importances": "NoCurve",
    "archwright.plots.trial_histories": "NothingToShow",
    "archwright.results.exporting": "NoWeights",
    "archwright.results.frames": "NoFrameLibrary UnknownFrameLibrary",
    "archwright.search.importance.analyzed_trial": "NothingVaries TooFewTrials",
    "archwright.search.ladders.ladder": "NoRungs",
    "archwright.search.logged_extensions": "OtherExtension",
    "archwright.search.named": "NotASearcher UnknownSearcher",
    "archwright.search.named_rules": "NotAStoppingRule UnknownStoppingRule",
    "archwright.search.running.budget_results": "NothingToCorrelate",
    "archwright.search.running.compare": "SearchDiffers",
    "archwright.search.running.enqueuing": "BadChoices EnqueuingRefused",
    "archwright.search.running.loop": "NoSuchMetric NothingScored TrialsKeepFailing",
    "archwright.search.running.process_pool": "ProcessDied",
    "archwright.search.running.run_view": "NoSuchTrial RunHasGoneOn",
    "archwright.search.running.runs": "SpaceChanged",
    "archwright.search.running.statistics": "NoPairedScores",
    "archwright.store.artifacts": "ArtifactUnwritable ArtifactsExist",
    "archwright.store.configured": "ExtensionFailed",
    "archwright.store.errors": (
        "Inadmissible InvalidHead InvalidRunName JournalIsDamaged LogConflict LogContradicted LogFailed "
        "LogIsBusy LogIsDamaged LogIsFolder LogIsFull LogIsGone LogIsLost LogIsNewer LogIsTorn "
        "LogMissing LogUnwritable NamesTaken NoSuchEvent NoSuchRun NotADatabase NotALog QueryFailed "
        "RunExists RunIsBusy UnreadableEvent UnwritableEvent"
    ),
    "archwright.store.needed": "DataNeeded DefinitionNeeded EvaluationNeeded ExtensionNeeded FunctionNeeded",
    "archwright.store.own_files": "FileOfALog",
    "archwright.store.permission": "ListUnwritable NotTrusted",
    "archwright.store.user_code": "BadSourceName NoSuchAttribute NoSuchSource SourceFailed",
    "archwright.studies.ask_tell": "NoSuchOpenTrial NotAStudy NothingToAsk StudyIsClosed",
    "archwright.studies.studying": "SpaceNeeded StudyDiffers",
    "archwright.studies.told_outcomes": "BadOutcome",
}
__getattr__ = import_when_read(globals(), _NAMES)


def __dir__() -> list[str]:
    return sorted(" ".join(_NAMES.values()).split())
