/**
 * The jsmodbus client for a socket that hands over exactly one whole frame at a time, as the guard
 * does. jsmodbus 5.0.0 looks for the end of its stream by catching a RangeError after every answer,
 * which costs more than all the rest of its parsing; with whole frames there is nothing to look for.
 */
import Modbus from "jsmodbus";

type Answer = NonNullable<ReturnType<typeof Modbus.ModbusTCPResponse.fromBuffer>>;

/** Parses a frame when it comes; keeps no bytes. */
class FrameParser extends Modbus.ModbusClientResponseHandler {
  protected override _messages: Answer[] = [];

  override handleData(frame: Buffer): void {
    const answer = Modbus.ModbusTCPResponse.fromBuffer(frame);
    if (answer !== null) this._messages.push(answer);
  }
}

/** A TCP client that parses whole frames. */
export class FrameClient extends Modbus.client.TCP {
  // jsmodbus does not export the type of its own parser, which this one stands in for.
  protected override readonly _responseHandler = new FrameParser() as never;
}
