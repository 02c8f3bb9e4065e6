import assert from 'node:assert/strict';
import { runOn } from '../network/host';
import type { NetworkFault, Through } from '../network/push-through';
import { describeNeeding } from '../peers/needing';
import { resourcesOfEachTest } from '../peers/resources';

const large = 8 * 1024 * 1024;
/** It takes some seconds for the file. */
const slow = { pausesMsAfterEachRead: 20 };

describeNeeding(['namespaces', 'nftables'], 'A network between Node-RED and a device', function () {
  this.timeout(60_000);
  const resources = resourcesOfEachTest();

  const pushThrough = async (fault: NetworkFault) => {
    // Packets as a board gets them: the kernel would else send some of 64 KB.
    const small = 'ip link set home gso_max_segs 1 && ip -n at-home link set eth0 gso_max_segs 1';
    const home = [`add_network home 10.66.0.1 && add_device home 10.66.0.50 && ${small}`];
    return (await runOn(resources, home, ['push-through.ts', fault])) as Through;
  };

  it('that loses a packet in twenty: the file arrives, and so does the report', async () => {
    const device = { reports: true };
    const push = { timeout: '20', verify: 'installed' };
    const { payload, verified, lost } = await pushThrough({ lostPercent: 5, fileBytes: large, device, push });
    assert.deepEqual([payload, verified], ['success', 'installed']);
    assert.ok(lost > 10, `${lost} packets were lost`);
  });

  it('that is silent for 5 seconds in mid-transfer: the transfer goes on', async () => {
    const push = { timeout: '20' };
    const { payload, transferMs } = await pushThrough({ silentMs: 5000, fileBytes: large, device: slow, push });
    assert.equal(payload, 'success');
    // Whatever the machine does, it can only take longer: nothing of the file passes meanwhile.
    assert.ok(transferMs >= 5000, `${transferMs} ms`);
  });

  it('that is silent for longer than the timeout: stalled', async () => {
    const push = { timeout: '2' };
    const { payload, code } = await pushThrough({ silentMs: 4000, fileBytes: large, device: slow, push });
    assert.deepEqual([payload, code], ['timeout', 'stalled']);
  });
});
