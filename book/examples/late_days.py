"""A tenth of the points for each day that has begun since the deadline."""

from math import ceil

from nbgrader.plugins import BasePlugin


class ATenthADay(BasePlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return score * min(1, 0.1 * ceil(total_seconds_late / 86_400))
