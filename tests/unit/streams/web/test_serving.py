import socket
from contextlib import closing

import pytest

from streams.web.app import listen


@pytest.mark.starts
def test_the_second_write_of_an_answer_does_not_wait_for_the_first_to_be_confirmed() -> None:
    with closing(listen("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()):
        connection, _ = listening.accept()
        with closing(connection):
            assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
