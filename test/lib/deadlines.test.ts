import assert from 'node:assert/strict';
import { type Deadline, Deadlines } from '../../lib/deadlines';

describe('Deadlines', () => {
  let deadlines: Deadlines;
  let over: string[];

  beforeEach(() => {
    deadlines = new Deadlines();
    over = [];
  });
  afterEach(() => deadlines.close());

  const add = (name: string, ms: number) => deadlines.add(ms, () => over.push(name));
  const passed = (ms: number) => new Promise<void>((resolve) => deadlines.add(ms, resolve));

  it('are over in their order, whichever was added first', async () => {
    add('second', 20);
    add('third', 30);
    add('first', 10);
    await passed(40);
    assert.deepEqual(over, ['first', 'second', 'third']);
  });

  it('are never over that were taken back, and others are all the same', async () => {
    const taken = add('taken back', 10);
    add('other', 20);
    deadlines.takeBack(taken);
    await passed(30);
    assert.deepEqual(over, ['other']);
  });

  it('are not over where another one that is over in the same moment takes them back', async () => {
    const both = 1;
    let second: Deadline | undefined;
    deadlines.add(both, () => deadlines.takeBack(second));
    second = add('second', both);
    while (performance.now() < second.at); // so that the timer finds both
    await passed(10);
    assert.deepEqual(over, []);
  });

  it('may be added and taken back by one that is over', async () => {
    const later = add('later', 20);
    deadlines.add(10, () => {
      deadlines.takeBack(later);
      add('added', 5);
    });
    await passed(40);
    assert.deepEqual(over, ['added']);
  });

  it('leave no timer behind where they are closed', () => {
    const { getActiveResourcesInfo } = process as unknown as { getActiveResourcesInfo(): string[] };
    const timers = () => getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    add('closed', 10);
    assert.equal(timers(), before + 1);
    deadlines.close();
    assert.equal(timers(), before);
  });
});
