"""nbgrader for this course: stock commands work here, with student code run apart from the grader."""

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader.preprocessors import (
    AssignLatePenalties,
    CheckCellMetadata,
    ClearOutput,
    IgnorePattern,
    LimitOutput,
    OverwriteCells,
    OverwriteKernelspec,
    SaveAutoGrades,
)

from autograder.preprocessor import GradeNotebook
from autograder.repair import RepairCells

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "convbook"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
# The hand-edited solutions would otherwise travel with the release as extra files.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.md"]

c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("write this function")'}
c.Autograde.sanitize_preprocessors = [
    ClearOutput,
    RepairCells,  # in place of DeduplicateIds, after which a copied cell stops the grading
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
]
c.Autograde.autograde_preprocessors = [
    GradeNotebook,
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
    CheckCellMetadata,
]
