from maestro.ir.model import Field
def name_handles(program, image, handles):
    for i,(n,h) in enumerate(handles): h.name=f"{h.kind}{i}"
def element_layout(program, h): return ()
