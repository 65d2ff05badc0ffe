"""The history of a run, in memory and on disk."""

import math
import types

import pytest

from petkeras.callbacks.history import Epoch, RecordHistory, read_history, write_history
from petkeras.errors import PetkerasError

EPOCHS = [Epoch(1, 5, 0.7, 0.5, 0.8, 0.25, 1.5), Epoch(2, 10, 1 / 3, 0.75, 0.5, 1.0, 3.25)]


def test_what_was_written_is_read_again_bit_for_bit(tmp_path):
    file = tmp_path / "history.csv"
    assert read_history(file) == []
    write_history(file, EPOCHS)
    assert read_history(file) == EPOCHS
    header = file.read_text().splitlines()[0]
    assert header == "epoch,step,loss,accuracy,test_loss,test_accuracy,seconds"
    assert [each.name for each in tmp_path.iterdir()] == ["history.csv"]


def test_a_validation_part_has_columns_of_its_own(tmp_path):
    file = tmp_path / "history.csv"
    epochs = [Epoch(1, 5, 0.7, 0.5, 0.8, 0.25, 1.5, val_loss=0.9, val_accuracy=0.5)]
    write_history(file, epochs)
    assert read_history(file) == epochs
    assert file.read_text().splitlines()[0].endswith("seconds,val_loss,val_accuracy")


@pytest.mark.parametrize("damage", ["1,5,low\n", "1,5,0.7,0.5,0.8,0.25,1.5,9\n"])
def test_damage_is_told_with_its_line(tmp_path, damage):
    file = tmp_path / "history.csv"
    write_history(file, EPOCHS)
    file.write_text(file.read_text() + damage)
    with pytest.raises(PetkerasError, match=r"history\.csv is damaged on line 4"):
        read_history(file)


def test_a_callback_records_steps_and_epochs(tmp_path):
    callback = RecordHistory(tmp_path / "history.csv")
    loop = types.SimpleNamespace(steps_done=5, seconds=2.5)
    callback.set_params({"loop": loop})
    callback.on_train_begin()
    callback.on_train_batch_end(4, {"loss": 0.5, "accuracy": 1.0})
    logs = {"loss": 0.7, "accuracy": 0.5, "test_loss": 0.8, "test_accuracy": 0.25}
    callback.on_epoch_end(0, logs)
    assert callback.history.step_losses == [0.5]
    assert callback.history.epochs == [Epoch(1, 5, 0.7, 0.5, 0.8, 0.25, 2.5)]
    assert read_history(tmp_path / "history.csv") == callback.history.epochs
    loop.steps_done = 10
    callback.on_epoch_end(1, {**logs, "val_loss": 0.1, "val_accuracy": 0.9})
    assert callback.history.column("val_accuracy") == [None, 0.9]


def test_in_fit_the_validation_part_is_the_test_part():
    callback = RecordHistory()
    callback.set_model(types.SimpleNamespace(optimizer=types.SimpleNamespace(iterations=7)))
    callback.set_params({"epochs": 1})
    callback.on_train_begin()
    callback.on_epoch_end(0, {"loss": 0.7, "val_loss": 0.8})
    (epoch,) = callback.history.epochs
    assert (epoch.epoch, epoch.step, epoch.loss, epoch.test_loss) == (1, 7, 0.7, 0.8)
    assert math.isnan(epoch.accuracy)
