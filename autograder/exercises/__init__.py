"""Every exercise, by its id."""

from autograder.exercises import hw1, hw2, hw3, hw4

ASSIGNMENTS = {
    "hw1-filters": hw1.EXERCISES,
    "hw2-conv2d": hw2.EXERCISES,
    "hw3-groups-dilation": hw3.EXERCISES,
    "hw4-backprop": hw4.EXERCISES,
}
EXERCISES = {exercise.id: exercise for exercises in ASSIGNMENTS.values() for exercise in exercises}
