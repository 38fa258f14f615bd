"""The webhook sink keeps the sink contract, one by one and in batches."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from kalends.sinks.contract import PresenceSink
from tests.contract.sinks.hook import hook
from tests.contract.sinks.receiver import receiving
from tests.contract.sinks.suite import Bench, SinkContract, asynccontextmanager


class TestWebhook(SinkContract):
    delivery, batch = "every", 1

    def _hook(self, url: str) -> AbstractAsyncContextManager[PresenceSink]:
        return hook(url, delivery=self.delivery, batch=self.batch)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Bench]:
        async with receiving() as receiver, self._hook(receiver.url) as sink:
            yield Bench(sink, receiver.holds, receiver.refuse, receiver.stop)


class TestWebhookInBatches(TestWebhook):
    delivery, batch = "latest", 7
