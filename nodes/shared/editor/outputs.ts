/** Gives a node one more output while a box is ticked. @param always so many outputs it has without */
export function countOutputs(property: string, always: number): void {
  const box = $(`#node-input-${property}`);
  const setOutputs = () => {
    $('#node-input-outputs').val(box.prop('checked') ? always + 1 : always);
  };
  box.on('change', setOutputs);
  setOutputs();
}
