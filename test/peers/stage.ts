import { type AedesBroker, startAedes } from './brokers';
import { resourcesOfEachTest } from './resources';
import { type Behaviour, SimulatedDevice } from './simulated-device';
import { type FlowSettings, TestFlow } from './test-flow';

/** What each test of this `describe` has: a broker of its own, and the flow and the devices that it starts there. */
export class Stage {
  readonly resources = resourcesOfEachTest();
  #broker: AedesBroker | undefined;
  #flow: TestFlow | undefined;

  constructor() {
    beforeEach(() => this.startBroker());
  }

  get broker(): AedesBroker {
    if (!this.#broker) throw new Error('no broker has been started');
    return this.#broker;
  }

  get flow(): TestFlow {
    if (!this.#flow) throw new Error('no flow has been started');
    return this.#flow;
  }

  /** Another broker takes the place of the one before. */
  async startBroker(options: Parameters<typeof startAedes>[0] = {}): Promise<void> {
    this.#broker = await this.resources.use(startAedes(options));
  }

  /** Another flow takes the place of the one before. */
  async startFlow(settings: Omit<FlowSettings, 'broker'> = {}): Promise<void> {
    this.#flow = await this.resources.use(TestFlow.start({ broker: this.broker, ...settings }));
  }

  startDevice(hostname: string, behaviour: Behaviour = {}): Promise<SimulatedDevice> {
    return this.resources.use(SimulatedDevice.start({ hostname, brokerUrl: this.broker.url, ...behaviour }));
  }
}
