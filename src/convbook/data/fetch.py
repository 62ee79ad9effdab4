"""Files of published data sets: from the data folder, else by a download whose hash is checked."""

from pathlib import Path

from convbook.data import place


def fetch(file: str, url: str, md5: str) -> Path:
    """Path of ``file`` in the data folder, downloaded from ``url`` unless it lies there whole.

    Nothing gets the name ``file`` before its MD5 sum has been checked, so an interrupted download
    leaves no file that looks complete.

    FileNotFoundError where it is not there and cannot be downloaded; ValueError where what was
    downloaded has another MD5 sum.
    """
    import pooch

    folder = place.folder()
    help = f"Put {file} (MD5 {md5}) into {folder}, or let CONVBOOK_DATA name the folder that has it."
    try:
        return Path(pooch.retrieve(url, known_hash=f"md5:{md5}", fname=file, path=folder, progressbar=True))
    except OSError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise FileNotFoundError(f"{file} is not there, and {url} could not be downloaded: {reason}. {help}") from error
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise ValueError(f"{url} sent a damaged or different {file}: its MD5 sum is wrong. {help}") from error


def lies(*files: str) -> bool:
    """Whether all of ``files`` are in the data folder."""
    return all((place.folder() / file).is_file() for file in files)
